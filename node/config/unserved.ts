/**
 * What a configuration asks for and this version does not do. A member that ignored it would be
 * less safe, or less reachable, than its operator believes: it is refused at the start.
 */
import type { Config } from './config.ts'

/** A sentence for each; none when everything is served. */
export function unserved(config: Config): string[] {
  const { client, quorum, auth, admin } = config
  const wishes: readonly (readonly [boolean, string])[] = [
    [client.secure !== undefined, 'secureClientPort: TLS for clients is not served yet'],
    [client.portUnification, 'client.portUnification: TLS for clients is not served yet'],
    [
      auth.sasl.jaasPath !== undefined,
      'java.security.auth.login.config: SASL is not served yet; without it clients may use digest',
    ],
    [
      admin.forceHttps || admin.portUnification || admin.needClientAuth,
      'admin.forceHttps, admin.portUnification, admin.needClientAuth: the AdminServer has no TLS yet',
    ],
    [quorum?.tls.enabled === true, 'sslQuorum: TLS between members is not served yet'],
    [
      quorum?.tls.portUnification === true,
      'portUnification: TLS between members is not served yet',
    ],
    [
      quorum?.sasl.enabled === true,
      'quorum.auth.enableSasl: SASL between members is not served yet',
    ],
    [
      quorum?.multiAddress.enabled === true,
      'multiAddress.enabled: only one address of a member is used yet',
    ],
  ]
  return wishes.filter(([isWished]) => isWished).map(([, sentence]) => sentence)
}
