/** Configurations that nobody mounts any more. */
import type { Rule } from './world.ts'

export const prune: Rule = ({ observed, desired }) => {
  const used = new Set<string>([desired.configName])
  for (const pod of observed.pods) for (const name of pod.configMaps) used.add(name)
  for (const set of observed.sets.values()) for (const name of set.configMaps) used.add(name)
  const prefix = `${observed.cluster.meta.name}-config-`
  for (const object of observed.objects.values()) {
    if (object.kind !== 'ConfigMap' || !object.name.startsWith(prefix)) continue
    if (used.has(object.name) || object.controllerUid !== observed.cluster.meta.uid) continue
    const { apiVersion, kind, name } = object
    const why = `ConfigMap ${name} is not used any more`
    return { step: 'remove', key: { apiVersion, kind, name }, uid: object.uid, why }
  }
  return undefined
}
