/** The `ensemble` command of a hand-cranked ensemble: who is there and what they have. */
import { type PeerId, type Zxid, zxid } from '../wire/ids.ts'

export interface Setup {
  readonly voters: number
  readonly observers: number
  readonly isReconfigEnabled: boolean
  readonly hasObserverMasters: boolean
  /** Bits of Feature. */
  readonly features: number
  readonly epochOf: (id: PeerId) => number
  readonly lastOf: (id: PeerId) => Zxid
}

/**
 * `voters=3 observers=1 last=1=0x100000004,2=-1 epochs=1=2,2=1 reconfig=1 features=0
 * masters=1`; `epochs=1` is
 * for all.
 */
export function parseSetup(words: readonly string[]): Setup {
  const given = new Map(
    words.map(word => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  )
  const last = pairs(given.get('last'))
  const epochs = pairs(given.get('epochs'))
  return {
    voters: Number(given.get('voters') ?? 3),
    observers: Number(given.get('observers') ?? 0),
    isReconfigEnabled: given.get('reconfig') === '1',
    hasObserverMasters: given.get('masters') === '1',
    features: Number(given.get('features') ?? 1),
    epochOf: id => Number(epochs.get(String(id)) ?? epochs.get('all') ?? 0),
    lastOf: id => zxid(BigInt(last.get(String(id)) ?? last.get('all') ?? 0)),
  }
}

/** `1=a,2=b`, or one value for all. */
function pairs(text: string | undefined): Map<string, string> {
  const found = new Map<string, string>()
  for (const pair of (text ?? '').split(',').filter(word => word !== '')) {
    const [key = '', value] = pair.split('=')
    if (value === undefined) found.set('all', key)
    else found.set(key, value)
  }
  return found
}
