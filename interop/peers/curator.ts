/** Curator and its recipes, over the Java client of `apache.ts`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { apachePeer } from './apache.ts'
import { installOnce } from './cache.ts'
import { needProgram, run } from './command.ts'

const VERSION = '5.9.0'
/** Apache's own libraries take their place. */
const LEFT_OUT = 'org.apache.zookeeper,io.netty,org.slf4j'

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>zkcluster</groupId><artifactId>curator-peer</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies><dependency>
<groupId>org.apache.curator</groupId><artifactId>curator-recipes</artifactId>
<version>${VERSION}</version>
</dependency></dependencies>
</project>
`

/** The class path for a program that uses Curator; installs on first use. */
export async function curatorClassPath(): Promise<string> {
  const apache = await apachePeer()
  const folder = await installOnce(`curator-${VERSION}`, async staging => {
    await writeFile(join(staging, 'pom.xml'), POM)
    const args = [
      '-q',
      '-B',
      'dependency:copy-dependencies',
      `-DoutputDirectory=${join(staging, 'lib')}`,
      `-DexcludeGroupIds=${LEFT_OUT}`,
    ]
    await run('mvn', args, { cwd: staging })
  })
  return `${join(folder, 'lib', '*')}:${apache.classPath}`
}

/** Java source files are compiled when they are run: brings a compiler where there is none. */
export async function needJavaCompiler(): Promise<void> {
  await needProgram('javac', ['default-jdk-headless'])
}
