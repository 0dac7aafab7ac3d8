/** Apache ZooKeeper, its command line and its disk tools, from Maven (peers.md). */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installOnce } from './cache.ts'
import { needProgram, run } from './command.ts'

export const APACHE_VERSION = '3.9.6'

/** 3.9.6's own parent POM is not served; its libraries are those of 3.9.5. */
const LIBRARIES_VERSION = '3.9.5'
/** The newest Prometheus provider that is served; it works with 3.9.6. */
const PROMETHEUS_VERSION = '3.9.4'
const SLF4J_VERSION = '2.0.13'
const LEFT_OUT = 'zookeeper,zookeeper-jute,logback-classic,logback-core'

const MANAGED = [
  'commons-cli:commons-cli',
  'io.dropwizard.metrics:metrics-core',
  'org.xerial.snappy:snappy-java',
  'org.eclipse.jetty:jetty-server',
  'org.eclipse.jetty:jetty-servlet',
  'com.fasterxml.jackson.core:jackson-databind',
]

/** What `java -cp` needs; `log4j.properties` is in the folder itself. */
export interface ApachePeer {
  readonly folder: string
  readonly classPath: string
}

/** Installs on first use. Throws when Maven cannot deliver. */
export async function apachePeer(): Promise<ApachePeer> {
  const folder = await installOnce(`apache-zookeeper-${APACHE_VERSION}`, build)
  return { folder, classPath: `${folder}:${join(folder, 'lib', '*')}` }
}

async function build(folder: string): Promise<void> {
  await needProgram('java', ['default-jre-headless'])
  await needProgram('mvn', ['maven'])
  const lib = join(folder, 'lib')
  await writeFile(join(folder, 'pom.xml'), pom())
  await maven(folder, [
    'dependency:copy-dependencies',
    `-DoutputDirectory=${lib}`,
    `-DexcludeArtifactIds=${LEFT_OUT}`,
  ])
  for (const artifact of ['zookeeper', 'zookeeper-jute']) {
    await maven(folder, [
      'dependency:copy',
      `-Dartifact=org.apache.zookeeper:${artifact}:${APACHE_VERSION}`,
      `-DoutputDirectory=${lib}`,
    ])
  }
  await writeFile(join(folder, 'log4j.properties'), LOGGING)
}

async function maven(cwd: string, args: readonly string[]): Promise<void> {
  await run('mvn', ['-q', '-B', ...args], { cwd })
}

function pom(): string {
  const managed = MANAGED.map(name => dependency(name)).join('\n')
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>zkcluster</groupId><artifactId>apache-peer</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencyManagement><dependencies>
${dependency(`org.apache.zookeeper:parent:${LIBRARIES_VERSION}`, '<type>pom</type><scope>import</scope>')}
</dependencies></dependencyManagement>
<dependencies>
${dependency(`org.apache.zookeeper:zookeeper:${LIBRARIES_VERSION}`)}
${dependency(`org.apache.zookeeper:zookeeper-prometheus-metrics:${PROMETHEUS_VERSION}`)}
${dependency(`org.slf4j:slf4j-reload4j:${SLF4J_VERSION}`)}
${managed}
</dependencies>
</project>
`
}

function dependency(coordinates: string, more: string = ''): string {
  const [group, artifact, version] = coordinates.split(':')
  const fixed = version === undefined ? '' : `<version>${version}</version>`
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>${fixed}${more}</dependency>`
}

const LOGGING = `log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.Target=System.err
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %-5p %c{1} - %m%n
`
