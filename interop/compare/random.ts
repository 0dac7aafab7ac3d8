/** Random scripts: the same seed gives the same steps for ever. */
import { AddWatchMode, CreateMode } from '../../wire/opcodes.ts'
import type { RawAcl } from '../../wire/records/data.ts'
import { acl, type CreateOptions, OPEN } from '../harness/client.ts'
import type { PartStep, RequestStep, Step, WatchLists } from './steps.ts'
import { type Script, SESSIONS } from './transcript.ts'

const STEPS = 250
const NAMES = ['a', 'b', 'c']
const BAD_PATHS = ['a', '/a//b', '/a/', '/./a', '/a/..', '/a\u0001', '/zookeeper', '/', null]
const DIGEST = 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ='

const ACLS: readonly (readonly RawAcl[] | null)[] = [
  [acl(1, 'world', 'anyone')],
  [acl(15, 'world', 'anyone')],
  [acl(30, 'world', 'anyone')],
  [acl(31, 'digest', DIGEST)],
  [acl(31, 'digest', DIGEST), acl(1, 'world', 'anyone')],
  [acl(31, 'auth', '')],
  [acl(31, 'ip', '127.0.0.1')],
  [acl(31, 'ip', '10.0.0.0/8'), acl(5, 'world', 'anyone')],
  [acl(31, 'world', 'other')],
  [acl(31, 'nonsense', 'x')],
  [acl(31, 'world', 'anyone'), acl(31, 'world', 'anyone')],
  [],
  null,
]

/** `steps` requests of three sessions under a root of their own. */
export function randomScript(seed: number, steps: number = STEPS): Script {
  const draw = new Draw(seed)
  // Two deep: sequential siblings of the root stay inside of what belongs to this seed.
  const outer = `/seed${seed}`
  const root = `${outer}/r`
  const first: Step[] = [outer, root].map(path => ({ session: 0, do: 'create', path }))
  const more = Array.from({ length: steps }, () => draw.step(root))
  return { name: `seed ${seed}`, steps: [...first, ...more] }
}

class Draw {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  step(root: string): Step {
    const session = this.#below(SESSIONS)
    const kind = this.#below(100)
    if (kind < 2) return { session, do: 'close' }
    if (kind < 4) return { session, do: 'reattach', wrongPassword: this.#below(4) === 0 }
    if (kind < 5) return { session, do: 'connect' }
    if (kind < 15) {
      const length = 2 + this.#below(6)
      return {
        session,
        do: 'burst',
        requests: Array.from({ length }, () => this.#safe(root)),
      }
    }
    return { session, ...this.#request(root) }
  }

  #request(root: string): RequestStep {
    const kind = this.#below(40)
    if (kind === 0) return this.#rare(root)
    if (kind > 2) return this.#safe(root)
    const [path, acl, version] = [this.#path(root), this.#acl(), this.#version()]
    return { do: 'setAcl', path, acl, version }
  }

  /**
   * Nothing after which a burst has no single outcome: what closes the connection, and setACL,
   * whose
   * new list Apache does not show to the requests prepared behind it before it is applied.
   */
  #safe(root: string): RequestStep {
    const kind = this.#below(97)
    if (kind < 40) return this.#write(root)
    if (kind < 75) return this.#read(root)
    if (kind < 85) return this.#watch(root)
    return this.#multi(root)
  }

  #write(root: string): RequestStep {
    const path = this.#path(root)
    const kind = this.#below(10)
    if (kind < 3) return { do: 'create', path, options: this.#options() }
    if (kind < 5) return { do: 'create2', path, options: this.#options() }
    if (kind < 6) return { do: 'delete', path, version: this.#version() }
    if (kind < 8) {
      return { do: 'setData', path, data: this.#data(), version: this.#version() }
    }
    return { do: 'createContainer', path, options: { data: this.#data() } }
  }

  #read(root: string): RequestStep {
    const path = this.#path(root)
    const watch = this.#below(2) === 0
    const kind = this.#below(12)
    if (kind < 3) return { do: 'exists', path, watch }
    if (kind < 6) return { do: 'getData', path, watch }
    if (kind < 8) return { do: 'getChildren', path, watch }
    if (kind < 9) return { do: 'getChildren2', path, watch }
    if (kind < 10) return { do: 'getAcl', path }
    if (kind < 11) return { do: 'getAllChildrenNumber', path }
    return { do: 'getEphemerals', path }
  }

  #watch(root: string): RequestStep {
    // Null is refused by ours alone (allowed.ts), which a burst could not tell from the rest.
    const path = this.#path(root) ?? root
    const kind = this.#below(8)
    if (kind < 2) return { do: 'addWatch', path, type: AddWatchMode.persistent }
    if (kind < 4) return { do: 'addWatch', path, type: AddWatchMode.persistentRecursive }
    if (kind < 5) return { do: 'checkWatches', path, type: this.#below(7) }
    if (kind < 6) return { do: 'removeWatches', path, type: this.#below(7) }
    return { do: this.#below(2) === 0 ? 'setWatches' : 'setWatches2', lists: this.#lists(root) }
  }

  #lists(root: string): WatchLists {
    const some = () => Array.from({ length: this.#below(3) }, () => this.#goodPath(root))
    return { ago: this.#below(30), data: some(), exist: some(), child: some() }
  }

  #multi(root: string): RequestStep {
    const length = this.#below(5)
    if (this.#below(4) === 0) {
      const reads = Array.from(
        { length },
        (): PartStep => ({
          do: this.#below(2) === 0 ? 'getData' : 'getChildren',
          path: this.#goodPath(root),
          watch: this.#below(2) === 0,
        }),
      )
      return { do: 'multiRead', parts: reads }
    }
    return { do: 'multi', parts: Array.from({ length }, () => this.#part(root)) }
  }

  #part(root: string): PartStep {
    const path = this.#path(root) ?? `${root}/a`
    const kind = this.#below(20)
    if (kind < 6) return { do: 'create', path, options: this.#options() }
    if (kind < 8) return { do: 'create2', path, options: this.#options() }
    if (kind < 9) return { do: 'createContainer', path }
    if (kind < 12) return { do: 'delete', path, version: this.#version() }
    if (kind < 15) {
      return { do: 'setData', path, data: this.#data(), version: this.#version() }
    }
    if (kind < 19) return { do: 'check', path, version: this.#version() }
    return { do: 'getData', path }
  }

  #rare(root: string): RequestStep {
    const kind = this.#below(8)
    if (kind < 2) return { do: 'auth', scheme: 'digest', data: 'u:p' }
    if (kind < 3) return { do: 'whoAmI' }
    if (kind < 4) return { do: 'sync', path: this.#path(root) }
    if (kind < 5) return { do: 'ping' }
    if (kind < 6) return { do: 'createTtl', path: this.#path(root) }
    if (kind < 7) return { do: 'auth', scheme: 'foo', data: 'x' }
    return { do: 'raw', type: 13 + this.#below(200) * 200, body: '000000' }
  }

  #goodPath(root: string): string {
    let path = root
    const depth = this.#below(4)
    for (let i = 0; i < depth; i++) path += `/${this.#pick(NAMES)}`
    return path
  }

  #path(root: string): string | null {
    if (this.#below(25) === 0) {
      const bad = this.#pick(BAD_PATHS)
      // The built-in nodes are shared by all seeds; they are only looked at in the scripts.
      return bad === '/' || bad === '/zookeeper' ? `${root}${bad}` : bad
    }
    return this.#goodPath(root)
  }

  #options(): CreateOptions {
    const flags = this.#below(3) === 0 ? 1 + this.#below(7) : CreateMode.persistent
    return { data: this.#data(), acl: this.#acl(), flags }
  }

  #data(): string | null {
    return this.#pick([null, '', 'x', 'some bytes', '\u00e4\u20ac'])
  }

  #acl(): readonly RawAcl[] | null {
    return this.#below(5) === 0 ? this.#pick(ACLS) : OPEN
  }

  #version(): number {
    return this.#pick([-1, -1, -1, 0, 0, 1, 2, 3, -2])
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T
  }

  /** mulberry32. */
  #below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit)
  }
}
