/**
 * Provenance: an in-toto statement (v0.1) with a SLSA v1 predicate that says what an image was
 * made from. `min` leaves out what may be private: arguments, labels and the Dockerfile's text.
 */
import { formatInstant, instantFromMillis, now } from '#base/clock.ts'
import type { BuiltPlatform } from '#build/builder/built.ts'
import type { ExportJob } from '#build/export/job.ts'
import { sourceDateEpoch } from '#build/graph/options.ts'
import type { BuildRequest } from '#build/types.ts'
import { type Digest, digestAlgorithm, digestHex, parseDigest } from '#oci/digest.ts'
import type { Platform } from '#oci/descriptor.ts'
import { formatPlatform, hostPlatform } from '#oci/platform.ts'
import { familiarRepository, parseReference, type Reference } from '#oci/reference.ts'

export const statementType = 'https://in-toto.io/Statement/v0.1'
export const predicateType = 'https://slsa.dev/provenance/v1'
/** Of the parameters below; changes with their meaning. */
const buildType = 'urn:gantry:build:dockerfile:v1'

export function provenancePredicate(job: ExportJob, built: BuiltPlatform): object {
  return {
    buildDefinition: {
      buildType,
      externalParameters: externalParameters(job.request),
      internalParameters: { builderPlatform: formatPlatform(hostPlatform()) },
      resolvedDependencies: dependencies(built),
    },
    runDetails: {
      builder: { id: '' },
      metadata: { invocationId: job.buildId, ...times(job) },
    },
  }
}

/** The statement about the manifest `subject`. */
export function provenanceStatement(job: ExportJob, built: BuiltPlatform, subject: Digest): object {
  const digest = digestSet(subject)
  const names = job.request.tags.map((tag) => packageUrl(tag, built.platform))
  return {
    _type: statementType,
    predicateType,
    subject: (names.length > 0 ? names : ['_']).map((name) => ({ name, digest })),
    predicate: provenancePredicate(job, built),
  }
}

function externalParameters(request: BuildRequest): object {
  const { contexts, dockerfile, provenance, secrets, ssh, target } = request
  const isFull = provenance === 'max'
  const args = {
    ...(target === undefined ? {} : { target }),
    ...(isFull ? privateArgs(request) : {}),
  }
  const locals = [...contexts].flatMap(([name, { kind }]) =>
    kind === 'directory' ? [{ name }] : [],
  )
  const named = (ids: Iterable<string>) => [...ids].map((id) => ({ id, optional: true }))
  return {
    configSource: { path: dockerfile.name },
    request: {
      frontend: 'dockerfile.v0',
      args,
      ...(isFull && secrets.size > 0 ? { secrets: named(secrets.keys()) } : {}),
      ...(isFull && ssh.size > 0 ? { ssh: named(ssh.keys()) } : {}),
      locals,
    },
    ...(isFull ? { dockerfile: dockerfile.text } : {}),
  }
}

/** Under the names that BuildKit gives them. */
function privateArgs({ buildArgs, labels }: BuildRequest): Record<string, string> {
  return Object.fromEntries([
    ...[...buildArgs].map(([name, value]) => [`build-arg:${name}`, value]),
    ...Object.entries(labels).map(([name, value]) => [`label:${name}`, value]),
  ])
}

function dependencies({ bases, platform }: BuiltPlatform): object[] {
  const found = new Map(
    bases.map(({ digest, reference }) => {
      const uri = packageUrl(parseReference(reference), platform)
      return [uri, { uri, digest: digestSet(parseDigest(digest)) }]
    }),
  )
  return [...found.values()]
}

/** Package URL (purl-spec, type docker). */
function packageUrl(reference: Reference, platform: Platform): string {
  const query = new URLSearchParams({ platform: formatPlatform(platform) })
  return `pkg:docker/${familiarRepository(reference)}@${reference.tag ?? 'latest'}?${query.toString()}`
}

function digestSet(digest: Digest): Readonly<Record<string, string>> {
  return { [digestAlgorithm(digest)]: digestHex(digest) }
}

function times({ request, startedAt }: ExportJob): object {
  const epoch = sourceDateEpoch(request)
  const fixed = epoch === undefined ? undefined : instantFromMillis(epoch * 1000)
  return { startedOn: formatInstant(fixed ?? startedAt), finishedOn: formatInstant(fixed ?? now()) }
}
