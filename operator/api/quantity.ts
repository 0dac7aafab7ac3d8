/** Kubernetes quantities of bytes. */

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** Bytes of `8Gi`; undefined when the text is no quantity. */
export function parseQuantity(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?$/.exec(text ?? '')
  if (match === null) return undefined
  // The API server writes 1.5Gi as 1610612736 and an odd one as thousandths.
  if (match[2] === 'm') return Number(match[1]) / 1000
  return Number(match[1]) * (FACTORS[match[2] ?? ''] ?? 1)
}
