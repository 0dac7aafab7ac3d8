/** Where members keep their data: spec.storage. */
import { STORAGE_CLASS } from './fields.ts'
import type { ObjectSchema } from './schema.ts'

function volume(name: string, description: string): ObjectSchema {
  return {
    kind: 'object',
    name,
    description,
    fields: {
      size: {
        kind: 'quantity',
        default: '8Gi',
        description: 'Size of the claim. It can grow, one member at a time, and never shrinks.',
        rules: [
          {
            rule: 'quantity(self).compareTo(quantity(oldSelf)) >= 0',
            message: 'size: a claim cannot shrink; valid is the same or more',
          },
        ],
      },
      storageClassName: STORAGE_CLASS,
    },
    rules: [
      {
        rule:
          'has(self.storageClassName) == has(oldSelf.storageClassName) && ' +
          '(!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
        message: 'storageClassName: cannot be changed',
      },
    ],
  }
}

export const STORAGE: ObjectSchema = {
  kind: 'object',
  name: 'Storage',
  description: 'Where members keep their data.',
  default: {},
  fields: {
    ephemeral: {
      kind: 'boolean',
      default: false,
      description:
        'Keep data in the pod only. A member that loses its pod starts empty and syncs again; ' +
        'an ensemble that loses its quorum of pods at once is lost and has to be made anew, ' +
        'except that a single voter starts over.',
      rules: [{ rule: 'self == oldSelf', message: 'ephemeral: cannot be changed' }],
    },
    data: {
      ...volume('Volume', 'Snapshots, the dynamic configuration and, without `log`, the log.'),
      default: {},
    },
    log: volume('LogVolume', 'A volume of its own for transaction logs. Cannot be added later.'),
    whenDeleted: {
      kind: 'string',
      enum: ['Retain', 'Delete'],
      default: 'Retain',
      description: 'What becomes of the claims when the ZkCluster is deleted.',
    },
    whenScaled: {
      kind: 'string',
      enum: ['Retain', 'Delete'],
      default: 'Retain',
      description: 'What becomes of the claim of a voter that was removed.',
    },
  },
  rules: [
    {
      rule: 'has(self.log) == has(oldSelf.log)',
      message: 'log: a log volume cannot be added to or taken from a cluster that exists',
    },
    {
      rule: '!self.ephemeral || !has(self.log)',
      message: 'log: not with ephemeral storage',
    },
  ],
}
