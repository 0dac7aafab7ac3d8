/**
 * Writes what follows from the charts' values.yaml and from the CRDs: values.schema.json, README.md
 * and the operator chart's CRDs: `node tools/gen-charts.ts`.
 */
import { readFileSync } from 'node:fs'
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { generatedFiles, inRepository, writeFiles } from './gen-crd.ts'

export const CHARTS: readonly string[] = ['zk-operator', 'zk-cluster']

/** Values that are one of a few texts. */
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  logLevel: ['trace', 'debug', 'info', 'warn', 'error'],
  'image.pullPolicy': ['IfNotPresent', 'Always', 'Never'],
  'service.type': ['ClusterIP', 'NodePort', 'LoadBalancer'],
  'service.externalTrafficPolicy': ['', 'Cluster', 'Local'],
  'persistence.whenDeleted': ['Retain', 'Delete'],
  'persistence.whenScaled': ['Retain', 'Delete'],
  'observers.membership': ['Pinned', 'Dynamic'],
  podAntiAffinityPreset: ['soft', 'hard', 'none'],
  'updateStrategy.type': ['RollingUpdate', 'OnDelete'],
}

/** Values with more than one type. */
const LOOSE: Readonly<Record<string, readonly string[]>> = {
  'service.nodePorts.client': ['string', 'integer'],
  'observers.replicaCount': ['integer', 'null'],
}

interface Value {
  /** Dotted. */
  readonly path: string
  readonly comment: string
  readonly value: unknown
  /** Undefined: a leaf, or an object whose keys are free. */
  readonly inner: readonly Value[] | undefined
}

function valuesOf(chart: string): readonly Value[] {
  const document = parseDocument(readFileSync(inRepository(`charts/${chart}/values.yaml`), 'utf8'))
  if (!isMap(document.contents)) throw new Error(`charts/${chart}/values.yaml holds no map`)
  return entriesOf(document.contents, '', document.commentBefore ?? '')
}

function entriesOf(map: YAMLMap, prefix: string, first: string): readonly Value[] {
  return map.items.map((pair: Pair, i) => {
    const name = String(isScalar(pair.key) ? pair.key.value : pair.key)
    const own = isScalar(pair.key) ? (pair.key.commentBefore ?? '') : ''
    const comment = own === '' && i === 0 ? first || (map.commentBefore ?? '') : own
    const path = prefix === '' ? name : `${prefix}.${name}`
    const value = pair.value
    const isNested = isMap(value) && value.items.length > 0 && !isFree(path)
    return {
      path,
      comment: sentence(comment),
      value: isScalar(value) ? value.value : isMap(value) ? value.toJSON() : toJson(value),
      inner: isNested ? entriesOf(value, path, '') : undefined,
    }
  })
}

function toJson(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'toJSON' in value
    ? (value as { toJSON: () => unknown }).toJSON()
    : value
}

/** Objects of Kubernetes and labels: their keys are not ours. */
function isFree(path: string): boolean {
  return /(resources|[sS]ecurityContext|[lL]abels)$/.test(path)
}

function sentence(comment: string): string {
  return comment
    .split('\n')
    .map(line => line.trim())
    .join(' ')
    .trim()
}

function schemaOf({ path, comment, value, inner }: Value): object {
  const description = comment === '' ? {} : { description: comment }
  if (inner !== undefined) return { ...objectSchema(inner), ...description }
  const options = ENUMS[path]
  if (options !== undefined) return { type: 'string', enum: options, ...description }
  const loose = LOOSE[path]
  if (loose !== undefined) return { type: loose, ...description }
  return { type: typeOf(value), ...description }
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value === 'object' ? 'object' : typeof value
}

/** Unknown keys are refused: a value that does nothing is a mistake of whoever wrote it. */
function objectSchema(values: readonly Value[]): object {
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      values.map(value => [value.path.slice(value.path.lastIndexOf('.') + 1), schemaOf(value)]),
    ),
  }
}

function renderSchema(values: readonly Value[]): string {
  const schema = {
    $schema: 'https://json-schema.org/draft-07/schema#',
    ...objectSchema(values),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

const INTRODUCTIONS: Readonly<Record<string, string>> = {
  'zk-operator':
    'Installs the operator, its permissions and the kinds ZkCluster and ZkObservers.\n\n' +
    '```sh\nhelm install zk-operator charts/zk-operator --namespace zk-system --create-namespace\n```\n\n' +
    'Upgrades upgrade the CustomResourceDefinitions too; they stay when the release is removed.',
  'zk-cluster':
    'Renders one ZkCluster. The names of values are those of a widely used chart for ZooKeeper; ' +
    'keys that it does not have are refused.\n\n' +
    '```sh\nhelm install zk charts/zk-cluster\nhelm test zk\n```',
}

function renderReadme(chart: string, values: readonly Value[]): string {
  const rows = values.flatMap(leaves).map(({ path, comment, value }) => {
    const shown = JSON.stringify(value)
    return `| \`${path}\` | ${comment} | \`${shown}\` |`
  })
  return [
    `# ${chart}`,
    '<!-- Generated by tools/gen-charts.ts from values.yaml. Do not edit. -->',
    INTRODUCTIONS[chart] ?? '',
    '## Values',
    ['| value | meaning | default |', '|---|---|---|', ...rows].join('\n'),
    '',
  ].join('\n\n')
}

function leaves(value: Value): readonly Value[] {
  if (value.inner === undefined) return [value]
  // What is said of a group is said of its first value, too.
  return value.inner.flatMap(leaves)
}

/** Path in the repository and text of every generated file. */
export function chartFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const chart of CHARTS) {
    const values = valuesOf(chart)
    files.set(`charts/${chart}/values.schema.json`, renderSchema(values))
    files.set(`charts/${chart}/README.md`, renderReadme(chart, values).trimEnd().concat('\n'))
  }
  for (const [path, text] of generatedFiles()) {
    if (!path.startsWith('manifests/crd/')) continue
    files.set(path.replace('manifests/crd/', 'charts/zk-operator/files/crds/'), text)
  }
  return files
}

if (import.meta.filename === process.argv[1]) writeFiles(chartFiles())
