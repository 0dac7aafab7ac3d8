/**
 * A member in a pod of a StatefulSet: what it starts with. The operator tells it everything in two
 * mounted ConfigMaps; nothing is looked up, no probe and no hook decides.
 */
import { parseProperties, printProperty } from './properties.ts'

export const QUORUM_PORT = 2888
export const ELECTION_PORT = 3888
export const CLIENT_PORT = 2181

/** The pod and what is mounted into it. */
export interface PodWorld {
  /** Its ordinal is the number behind the last dash. */
  readonly podName: string
  /** Id of the member with ordinal 0. */
  readonly firstId: number
  readonly isVoter: boolean
  /** An observer that keeps its role although no configuration names it. */
  readonly isPinned: boolean
  /** The disk ends with the pod: an empty one is nothing unusual. */
  readonly isEphemeral: boolean
  /** Behind the pod's name: `zk-headless.apps.svc.cluster.local`. */
  readonly domain: string
  /** zoo.cfg without any server line. */
  readonly zooCfg: string
  /** Server lines of the ensemble as it is. */
  readonly members: string
  /** Until when a listed voter may begin with an empty disk, in seconds since 1970. */
  readonly firstStartUntil: number | undefined
  /** `id=version` lines: disks that are older than the removal of their member. */
  readonly wipe: string
  readonly nowSeconds: number
}

/** What the disk holds. */
export interface PodDisk {
  readonly myid: string | undefined
  /** zoo.cfg as the member has kept it. */
  readonly zooCfg: string | undefined
  readonly hasData: boolean
  /** The volume for the log is not the one that was beside this data. */
  readonly isLogLost: boolean
  /** The wipe that was done last. */
  readonly wipedAt: string | undefined
}

export type PodStart =
  | {
      readonly do: 'start'
      readonly id: number
      /** First everything on the disk goes; then this is written beside it. */
      readonly wipe: { readonly version: string } | undefined
      readonly zooCfg: string
      /** Write the marker that lets an empty disk vote. */
      readonly initialize: boolean
    }
  /** The operator has to act first; ask again when the mounted files have changed. */
  | { readonly do: 'wait'; readonly why: string }
  | { readonly do: 'refuse'; readonly why: string }

/** Whether transactions have a volume of their own. */
export function hasLogVolume(world: PodWorld): boolean {
  return /^dataLogDir=/m.test(world.zooCfg)
}

export function planPodStart(world: PodWorld, disk: PodDisk): PodStart {
  const ordinal = /-(\d+)$/.exec(world.podName)?.[1]
  if (ordinal === undefined) {
    return {
      do: 'refuse',
      why: `POD_NAME=${world.podName}: valid is a name that ends in -<ordinal>`,
    }
  }
  const id = world.firstId + Number(ordinal)
  const version = wipeVersion(world.wipe, id)
  const isForeign = disk.myid !== undefined && disk.myid.trim() !== String(id)
  if (isForeign && world.isVoter && version === undefined) {
    const why = `the disk is that of member ${disk.myid?.trim()}, and this is member ${id}`
    return { do: 'refuse', why: `${why}; valid is the claim of this pod` }
  }
  const isTooOld = version !== undefined && version !== disk.wipedAt
  const wipe = isTooOld
    ? { version }
    : isForeign || disk.isLogLost
      ? { version: isForeign ? 'foreign' : 'log lost' }
      : undefined
  const isEmpty = wipe !== undefined || !disk.hasData
  const isListed = hasParticipant(world.members, id)
  const isFirstStart = (world.firstStartUntil ?? 0) > world.nowSeconds
  if (isEmpty && isListed && world.isVoter && !isFirstStart && !world.isEphemeral) {
    return {
      do: 'wait',
      why: `the disk is empty, but member ${id} votes: it has to leave the configuration first`,
    }
  }
  return {
    do: 'start',
    id,
    wipe,
    zooCfg: zooCfgOf(world, id, wipe === undefined ? disk.zooCfg : undefined),
    initialize: isEmpty && isListed && world.isVoter && (isFirstStart || isAlone(world)),
  }
}

function wipeVersion(text: string, id: number): string | undefined {
  const line = text.split('\n').find(each => each.startsWith(`${id}=`))
  return line?.slice(line.indexOf('=') + 1).trim()
}

function hasParticipant(members: string, id: number): boolean {
  return members.split('\n').some(line => line.startsWith(`server.${id}=`) && !isObserver(line))
}

/** The only voter of an ensemble whose data ends with its pod: nobody could bring it back. */
function isAlone({ isEphemeral, members }: PodWorld): boolean {
  const lines = members.split('\n').filter(line => line.startsWith('server.'))
  return isEphemeral && lines.filter(line => !isObserver(line)).length === 1
}

function isObserver(line: string): boolean {
  return /:observer(;|$)/.test(line.trim())
}

/**
 * The settings are those of the operator, the members those that this member knows best: what it
 * has kept itself, else what the operator says, with itself as an observer. Joiners can so never
 * form a quorum of their own.
 */
function zooCfgOf(world: PodWorld, id: number, kept: string | undefined): string {
  const lines = [world.zooCfg.trimEnd()]
  if (!world.isVoter) lines.push('peerType=observer')
  if (world.isPinned) lines.push('observer.pinned=true')
  const own = kept === undefined ? [] : membershipOf(kept)
  // Whoever has not joined yet, and observers, know less than the operator.
  const isOwn = own.some(line => line.startsWith('dynamicConfigFile') || isSelf(line, id))
  if (world.isVoter && isOwn) return `${[...lines, ...own].join('\n')}\n`
  const given = world.members.split('\n').filter(line => line.trim() !== '')
  lines.push(...given)
  if (!given.some(line => line.startsWith(`server.${id}=`))) {
    const host = `${world.podName}.${world.domain}`
    lines.push(`server.${id}=${host}:${QUORUM_PORT}:${ELECTION_PORT}:observer;${CLIENT_PORT}`)
  }
  return `${lines.join('\n')}\n`
}

function isSelf(line: string, id: number): boolean {
  return line.startsWith(`server.${id}=`) && !isObserver(line)
}

function membershipOf(text: string): string[] {
  return [...parseProperties(text).entries]
    .filter(([key]) => key === 'dynamicConfigFile' || /^(server|group|weight)\./.test(key))
    .map(([key, value]) => printProperty(key, value))
}
