/** Ensembles of real processes on loopback, ours and Apache's mixed as a test wants them. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../harness/client.ts'
import { fourLetter } from '../harness/four-letter.ts'
import { freePorts } from '../harness/ports.ts'
import type { ConnectKnobs } from '../harness/raw-client.ts'
import { Server, type ServerKind } from '../harness/server.ts'
import { poll } from '../harness/wait.ts'

export type Settings = Readonly<Record<string, string | number | boolean | null>>

export interface MemberPlan {
  readonly kind: ServerKind
  readonly role?: 'participant' | 'observer'
  /** Lines of zoo.cfg over those of the ensemble. */
  readonly cfg?: Settings
  /** Not among the servers that the others start with: it joins later. */
  readonly joins?: boolean
}

/** How members reach each other when that is not straight to their ports. */
export interface Route {
  prepare(places: readonly Place[]): Promise<void>
  /** Where `from` finds `to`. */
  portsFor(from: number, to: Place): { readonly quorum: number; readonly election: number }
  stop(): void
}

export interface EnsembleOptions {
  readonly route?: Route
  readonly cfg?: Settings
  readonly jvm?: Readonly<Record<string, string | number | boolean>>
  readonly keepConfig?: boolean
}

export type Mode = 'leader' | 'follower' | 'observer' | 'read-only'

/** Short, so that a frozen member is missed soon; long enough for a busy machine. */
const TICK_MS = 500
const SETTINGS: Settings = {
  tickTime: TICK_MS,
  initLimit: 20,
  syncLimit: 6,
  extendedTypesEnabled: true,
}

/** Loading, electing and synchronising on a busy machine. */
const ESTABLISH_MS = 40_000
const PROBE_MS = 1000

export interface MemberPorts {
  readonly client: number
  readonly admin: number
  readonly quorum: number
  readonly election: number
}

/** Where a member lives: what stays when its process is replaced. */
export interface Place {
  readonly id: number
  readonly plan: MemberPlan
  readonly ports: MemberPorts
  readonly dataDir: string
}

/** Key and value of the `server.N` line, with the client address. */
function serverLine(
  { id, ports, plan }: Place,
  { quorum, election }: { readonly quorum: number; readonly election: number } = ports,
): readonly [string, string] {
  const { client } = ports
  const role = plan.role ?? 'participant'
  return [`server.${id}`, `127.0.0.1:${quorum}:${election}:${role};127.0.0.1:${client}`]
}

/** One member: its place in the ensemble, and the process that fills it at the moment. */
export class Member implements Place {
  readonly id: number
  readonly plan: MemberPlan
  readonly ports: MemberPorts
  readonly dataDir: string
  server: Server

  constructor({ id, plan, ports, dataDir }: Place, server: Server) {
    this.id = id
    this.plan = plan
    this.ports = ports
    this.dataDir = dataDir
    this.server = server
  }

  get port(): number {
    return this.ports.client
  }

  get kind(): ServerKind {
    return this.server.kind
  }

  /** As reconfig takes it. */
  get line(): string {
    return serverLine(this).join('=')
  }

  /** What `srvr` says; undefined while it does not serve. */
  async look(): Promise<{ readonly mode: Mode; readonly zxid: bigint } | undefined> {
    if (!this.server.isRunning) return undefined
    try {
      const text = await fourLetter(this.port, 'srvr', PROBE_MS)
      const mode = /^Mode: (\S+)/m.exec(text)?.[1]
      const zxid = /^Zxid: 0x([0-9a-f]+)/m.exec(text)?.[1]
      if (mode === undefined || zxid === undefined) return undefined
      return { mode: mode as Mode, zxid: BigInt(`0x${zxid}`) }
    } catch {
      return undefined
    }
  }

  async connect(knobs: ConnectKnobs = {}): Promise<Client> {
    return Client.connect(this.port, knobs)
  }

  /** The line of its log that matches, the newest one. */
  logged(pattern: RegExp): string | undefined {
    const lines = this.server.logTail(Number.MAX_SAFE_INTEGER).split('\n')
    return lines.findLast(line => pattern.test(line))
  }

  countLogged(pattern: RegExp): number {
    const lines = this.server.logTail(Number.MAX_SAFE_INTEGER).split('\n')
    return lines.filter(line => pattern.test(line)).length
  }
}

export class Ensemble {
  readonly members: readonly Member[]
  readonly #root: string
  readonly #options: EnsembleOptions
  keep: boolean = process.env['ZKCLUSTER_KEEP'] !== undefined

  private constructor(members: readonly Member[], root: string, options: EnsembleOptions) {
    this.members = members
    this.#root = root
    this.#options = options
  }

  /** Folders and ports for members 1, 2, ...; nothing is started. */
  static async prepare(
    plans: readonly MemberPlan[],
    options: EnsembleOptions = {},
  ): Promise<Ensemble> {
    const root = mkdtempSync(join(tmpdir(), 'zkcluster-ensemble-'))
    const ports = await freePorts(plans.length * 4)
    const places = plans.map((plan, i): Place => {
      const [client = 0, admin = 0, quorum = 0, election = 0] = ports.slice(i * 4, i * 4 + 4)
      const id = i + 1
      const dataDir = join(root, `member-${id}`)
      emptyFolder(dataDir, id)
      return { id, plan, ports: { client, admin, quorum, election }, dataDir }
    })
    await options.route?.prepare(places)
    const members = places.map(place => {
      return new Member(place, makeServer(place, place.plan.kind, places, options))
    })
    return new Ensemble(members, root, options)
  }

  /** Prepares, starts all that do not join later, and waits until all of them serve. */
  static async start(
    plans: readonly MemberPlan[],
    options: EnsembleOptions = {},
  ): Promise<Ensemble> {
    const ensemble = await Ensemble.prepare(plans, options)
    try {
      const first = ensemble.members.filter(member => member.plan.joins !== true)
      for (const member of first) await member.server.launch()
      await ensemble.awaitServing(first)
      return ensemble
    } catch (error) {
      ensemble.keep = true
      await ensemble.stop()
      throw error
    }
  }

  /**
   * Starts everybody that does not run, `first` before the others: it leads when nobody has a
   * longer history and nobody of a larger id has an equal one.
   */
  async startUnder(first: Member): Promise<void> {
    await first.server.launch()
    await poll(`member ${first.id} looks for a leader`, async () => {
      return first.logged(/LOOKING|"role":"looking"/) === undefined ? undefined : true
    })
    for (const member of this.members) {
      if (!member.server.isRunning && member.plan.joins !== true) await member.server.launch()
    }
    const leader = await this.awaitServing()
    assert.equal(leader.id, first.id, `member ${first.id} leads`)
  }

  async killAll(): Promise<void> {
    await Promise.all(this.running.map(async member => member.server.kill()))
  }

  get running(): readonly Member[] {
    return this.members.filter(member => member.server.isRunning)
  }

  /** Members know each other by addresses of their own. */
  get isRouted(): boolean {
    return this.#options.route !== undefined
  }

  member(id: number): Member {
    const member = this.members[id - 1]
    if (member === undefined) throw new Error(`no member ${id}`)
    return member
  }

  /** Waits until all of `members` serve; returns who leads. */
  async awaitServing(
    members: readonly Member[] = this.running,
    timeoutMs: number = ESTABLISH_MS,
  ): Promise<Member> {
    const names = members.map(member => member.id).join(', ')
    try {
      return await poll(
        `members ${names} serve`,
        async () => {
          const seen = await Promise.all(members.map(async member => member.look()))
          if (seen.some(look => look === undefined)) return undefined
          const leaders = members.filter((_, i) => seen[i]?.mode === 'leader')
          return leaders.length === 1 ? leaders[0] : undefined
        },
        timeoutMs,
      )
    } catch (error) {
      throw new Error(`${String(error)}\n${this.#tails(members)}`, { cause: error })
    }
  }

  /** Waits until somebody but `former` leads, whatever else runs. */
  async awaitLeader(former?: Member): Promise<Member> {
    return poll(
      'a leader',
      async () => {
        for (const member of this.running) {
          if (member !== former && (await member.look())?.mode === 'leader') return member
        }
        return undefined
      },
      ESTABLISH_MS,
    )
  }

  /** Members of a mode, in order of their ids. */
  async inMode(mode: Mode): Promise<readonly Member[]> {
    const found: Member[] = []
    for (const member of this.running) {
      if ((await member.look())?.mode === mode) found.push(member)
    }
    return found
  }

  async leader(): Promise<Member> {
    const [leader] = await this.inMode('leader')
    assert.ok(leader !== undefined, 'somebody leads')
    return leader
  }

  /** kill -9, and nothing of the data directory is left but myid. */
  emptyDisk(member: Member): void {
    assert.ok(!member.server.isRunning, `member ${member.id} is stopped`)
    emptyFolder(member.dataDir, member.id)
  }

  /** The next start of `member` is of this kind, over the same data. */
  async replace(member: Member, kind: ServerKind): Promise<void> {
    await member.server.stop()
    member.server = makeServer(member, kind, this.members, this.#options)
  }

  async stop(): Promise<void> {
    for (const member of this.members) {
      member.server.resume()
      member.server.keep = this.keep
    }
    for (const member of this.members) await member.server.stop()
    this.#options.route?.stop()
    if (this.keep) console.error(`data of the ensemble stays in ${this.#root}`)
    else rmSync(this.#root, { recursive: true, force: true })
  }

  #tails(members: readonly Member[]): string {
    return members
      .map(({ id, kind, server }) => `--- member ${id} (${kind})\n${tail(server)}`)
      .join('\n')
  }
}

function tail(server: Server): string {
  try {
    return server.logTail(12)
  } catch {
    return 'no log'
  }
}

function emptyFolder(folder: string, id: number): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  writeFileSync(join(folder, 'myid'), `${id}\n`)
}

function makeServer(
  place: Place,
  kind: ServerKind,
  places: readonly Place[],
  options: EnsembleOptions,
): Server {
  const { cfg, jvm, keepConfig, route } = options
  const known = places.filter(other => other.plan.joins !== true || other.id === place.id)
  const settings = {
    ...SETTINGS,
    clientPort: null,
    clientPortAddress: null,
    ...cfg,
    ...place.plan.cfg,
    ...Object.fromEntries(known.map(other => serverLine(other, route?.portsFor(place.id, other)))),
    // Apache takes it from here, and refuses a server line that says something else.
    ...(place.plan.role === 'observer' ? { peerType: 'observer' } : {}),
  }
  const whole = {
    cfg: settings,
    dataDir: place.dataDir,
    ...(jvm === undefined ? {} : { jvm }),
    ...(keepConfig === undefined ? {} : { keepConfig }),
  }
  return new Server(kind, whole, place.ports.client, place.ports.admin)
}

/** Runs `work` over an ensemble and stops it, keeping everything when it failed. */
export async function withEnsemble(
  plans: readonly MemberPlan[],
  options: EnsembleOptions,
  work: (ensemble: Ensemble) => Promise<void>,
): Promise<void> {
  const ensemble = await Ensemble.start(plans, options)
  try {
    await work(ensemble)
  } catch (error) {
    ensemble.keep = true
    throw error
  } finally {
    await ensemble.stop()
  }
}

export const OURS: MemberPlan = { kind: 'ours' }
export const APACHE: MemberPlan = { kind: 'apache' }
export const OUR_OBSERVER: MemberPlan = { kind: 'ours', role: 'observer' }
export const APACHE_OBSERVER: MemberPlan = { kind: 'apache', role: 'observer' }
