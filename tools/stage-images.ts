/**
 * `npm run stage:images`: lays out under build/images/ what the Dockerfile copies: the built
 * JavaScript that is reachable from each entry point, and the packages it imports.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT: string = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const OUT: string = join(ROOT, 'build', 'images')

interface Image {
  readonly name: string
  readonly entry: string
  /** Packages that may be imported; others are a mistake of layering. */
  readonly packages: readonly string[]
}

const IMAGES: readonly Image[] = [
  // Node.js runs the sources of tests as they are.
  { name: 'load', entry: 'e2e/load.ts', packages: [] },
  { name: 'node', entry: 'dist/node/main.js', packages: ['prom-client', 'ws'] },
  {
    name: 'operator',
    entry: 'dist/operator/main.js',
    packages: ['prom-client', '@kubernetes/client-node'],
  },
]

/** Parts of a package that nothing imports at run time. */
const UNUSED: RegExp =
  /\.(?:d\.[cm]?ts|[cm]?ts|map|md|markdown|flow)$|\/(?:test|tests|docs|\.github)\//

const SPECIFIER: RegExp = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g

interface Reached {
  readonly files: ReadonlySet<string>
  readonly packages: ReadonlySet<string>
}

/** Follows imports, also those made on demand, from a file of dist/. */
function reach(entry: string): Reached {
  const files = new Set<string>()
  const packages = new Set<string>()
  const open = [join(ROOT, entry)]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue
    files.add(file)
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(SPECIFIER)) {
      if (specifier.startsWith('.')) open.push(resolve(dirname(file), specifier))
      else if (!specifier.startsWith('node:')) packages.add(packageOf(specifier))
    }
  }
  return { files, packages }
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier)
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Folders of packages and of all they depend on. */
function closure(names: Iterable<string>): ReadonlySet<string> {
  const folders = new Set<string>()
  const open = [...names].map(name => findPackage(name, ROOT))
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (folders.has(folder)) continue
    folders.add(folder)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    const needed = { ...manifest.dependencies, ...manifest.peerDependencies }
    for (const name of Object.keys(needed)) {
      const isOptional = manifest.peerDependenciesMeta?.[name]?.optional === true
      // Types are for compilers.
      if (!isOptional && !name.startsWith('@types/')) open.push(findPackage(name, folder))
    }
  }
  return folders
}

function findPackage(name: string, from: string): string {
  const lookIn = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  for (const modules of lookIn) {
    const folder = join(modules, name)
    try {
      readFileSync(join(folder, 'package.json'))
      return folder
    } catch {}
  }
  throw new Error(`package ${name}, needed by ${from}, is not installed`)
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to)
}

function stage({ name, entry, packages }: Image): void {
  const out = join(OUT, name)
  rmSync(out, { recursive: true, force: true })
  const reached = reach(entry)
  for (const found of reached.packages) {
    if (!packages.includes(found)) throw new Error(`${entry} imports ${found}: not for this image`)
  }
  for (const file of reached.files) copy(file, join(out, relative(ROOT, file)))
  for (const folder of closure(reached.packages)) copyPackage(folder, out)
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  }
  const manifest = { name: 'zkcluster', version, private: true, type: 'module' }
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest)}\n`)
  for (const notice of ['LICENSE']) copy(join(ROOT, notice), join(out, notice))
  process.stdout.write(`${relative(ROOT, out)}: ${reached.files.size} files of ours\n`)
}

function copyPackage(folder: string, out: string): void {
  for (const each of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(each.parentPath, each.name)
    const inner = relative(folder, path)
    if (!each.isFile() || inner.startsWith('node_modules/') || UNUSED.test(`/${inner}`)) continue
    copy(path, join(out, relative(ROOT, path)))
  }
}

for (const image of IMAGES) stage(image)
// Owned by the member's user in the image.
mkdirSync(join(OUT, 'empty'), { recursive: true })
