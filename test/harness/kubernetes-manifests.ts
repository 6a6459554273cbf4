// deploy/kubernetes as data, with just so much of their types as tests look at.

import { readdir, readFile } from 'node:fs/promises'

import { parse, parseAllDocuments } from 'yaml'

export const manifestFolder = new URL('../../deploy/kubernetes/', import.meta.url)

export interface EnvironmentEntry {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly secretKeyRef?: { readonly name: string; readonly key: string }
  }
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly env: readonly EnvironmentEntry[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

export interface Workload {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly replicas: number
    readonly serviceName?: string
    readonly selector: { readonly matchLabels: Labels }
    readonly template: {
      readonly metadata: { readonly labels: Labels; readonly annotations: Labels }
      readonly spec: {
        readonly automountServiceAccountToken: boolean
        readonly terminationGracePeriodSeconds: number
        readonly securityContext: Readonly<Record<string, unknown>>
        readonly containers: readonly Container[]
        readonly volumes: readonly {
          readonly name: string
          readonly secret?: { readonly secretName: string; readonly items: readonly { readonly key: string }[] }
        }[]
      }
    }
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[]
  }
}

export type Labels = Readonly<Record<string, string>>

export interface Service {
  readonly kind: 'Service'
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly clusterIP?: string
    readonly publishNotReadyAddresses?: boolean
    readonly selector: Labels
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[]
  }
}

export interface NetworkPolicy {
  readonly kind: 'NetworkPolicy'
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Labels }
    readonly ingress: readonly {
      readonly from?: readonly { readonly podSelector?: { readonly matchLabels: Labels } }[]
      readonly ports: readonly { readonly port: number }[]
    }[]
  }
}

export interface DisruptionBudget {
  readonly kind: 'PodDisruptionBudget'
  readonly spec: { readonly maxUnavailable: number; readonly selector: { readonly matchLabels: Labels } }
}

export interface Secret {
  readonly kind: 'Secret'
  readonly metadata: { readonly name: string }
  readonly stringData: Readonly<Record<string, string>>
}

export interface Kustomization {
  readonly namespace: string
  readonly resources: readonly string[]
  readonly images: readonly { readonly name: string; readonly newTag: string }[]
}

interface Manifest {
  readonly kind: string
}

export async function listManifestFiles(): Promise<readonly string[]> {
  return (await readdir(manifestFolder)).filter((name) => name.endsWith('.yaml')).toSorted()
}

async function readAll(name: string): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await readFile(new URL(name, manifestFolder), 'utf8'))
  // A document that does not parse is a mistake of its own.
  return documents.map((document): Manifest => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS() as Manifest
  })
}

export async function readKustomization(): Promise<Kustomization> {
  return parse(await readFile(new URL('kustomization.yaml', manifestFolder), 'utf8')) as Kustomization
}

/** Of these kinds, from the files that the kustomization names and from the example of a Secret. */
export async function readManifests<T extends Manifest>(...kinds: readonly string[]): Promise<readonly T[]> {
  const { resources } = await readKustomization()
  const documents = await Promise.all([...resources, 'secret.example.yaml'].map(readAll))
  const isAsked = (document: Manifest): document is T => kinds.includes(document.kind)
  return documents.flat().filter(isAsked)
}
