/** Path rules, the same for clients and servers (client-protocol.md 9). */

/**
 * What is wrong with a path, or undefined: the full validation that create, setData, setACL and
 * check make.
 */
export function pathFault(path: string): string | undefined {
  if (path.length === 0) return 'path is empty'
  if (path.charCodeAt(0) !== SLASH) return "path does not start with '/'"
  if (path.length === 1) return undefined
  if (path.charCodeAt(path.length - 1) === SLASH) return "path ends with '/'"
  let componentStart = 1
  for (let i = 1; i <= path.length; i++) {
    const unit = i === path.length ? SLASH : path.charCodeAt(i)
    if (unit === SLASH) {
      const fault = componentFault(path, componentStart, i)
      if (fault !== undefined) return fault
      componentStart = i + 1
    } else if (isForbidden(unit)) {
      return `character U+${unit.toString(16).padStart(4, '0')} at ${i}`
    }
  }
  return undefined
}

const SLASH = 0x2f
const DOT = 0x2e

function componentFault(path: string, start: number, end: number): string | undefined {
  const length = end - start
  if (length === 0) return 'path has an empty component'
  if (path.charCodeAt(start) !== DOT) return undefined
  if (length === 1) return "path has a component '.'"
  if (length === 2 && path.charCodeAt(start + 1) === DOT) return "path has a component '..'"
  return undefined
}

function isForbidden(unit: number): boolean {
  if (unit < 0x7f) return unit < 0x20
  if (unit < 0xd800) return unit <= 0x9f
  return unit <= 0xf8ff || unit >= 0xfff0
}

/** The parent of a path that contains a '/': '' stands for the root. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** The last component. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export const CONFIG_PATH = '/zookeeper/config'
export const QUOTA_PATH = '/zookeeper/quota'
export const SYSTEM_PATH = '/zookeeper'
export const LIMITS_NAME = 'zookeeper_limits'
export const STATS_NAME = 'zookeeper_stats'

/** '/zookeeper/quota/a/b/zookeeper_limits' -> '/a/b'; undefined when `path` is not such a node. */
export function quotaSubject(path: string, leaf: string): string | undefined {
  if (!path.startsWith(`${QUOTA_PATH}/`) || !path.endsWith(`/${leaf}`)) return undefined
  return path.slice(QUOTA_PATH.length, path.length - leaf.length - 1)
}

/** First component of a path, '' for the root: the key of the per-namespace metrics. */
export function topNamespace(path: string): string {
  const second = path.indexOf('/', 1)
  return second < 0 ? path.slice(1) : path.slice(1, second)
}
