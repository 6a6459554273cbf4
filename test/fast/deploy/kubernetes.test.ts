// deploy/kubernetes against the program that it starts, and against itself. The schema is test/containers' concern.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { errorCode } from '../../../src/base/errors.ts'
import { portOf, portsOf, readDeployedNode } from '../../harness/deployed-node.ts'
import type { DeployedNode } from '../../harness/deployed-node.ts'
import { listManifestFiles, readKustomization, readManifests } from '../../harness/kubernetes-manifests.ts'
import type {
  Container,
  DisruptionBudget,
  EnvironmentEntry,
  Labels,
  NetworkPolicy,
  Secret,
  Service,
  Workload,
} from '../../harness/kubernetes-manifests.ts'

const fields: Labels = {
  'status.podIP': '10.0.0.9',
  'spec.nodeName': 'machine-3',
  'metadata.name': 'frostbyte-worker-0',
  'metadata.namespace': 'frostbyte',
}

/** What somebody fills in. */
const filledIn: Labels = {
  'secret': 'ab'.repeat(32),
  'metadata-url':
    'mongodb://frostbyte:p%40ss@mongodb-0.mongodb.mongodb.svc:27017/frostbyte?replicaSet=rs0&authSource=admin',
  'root-user': 'root',
  'root-password': 'correct-horse',
}

const workloads = await readManifests<Workload>('Deployment', 'StatefulSet')
const services = await readManifests<Service>('Service')
const secret = defined((await readManifests<Secret>('Secret'))[0], 'the example of a Secret')

function containerOf({ spec }: Workload): Container {
  assert.equal(spec.template.spec.containers.length, 1)
  return defined(spec.template.spec.containers[0], 'a container')
}

/** As the kubelet does: values from elsewhere, then `$(NAME)` of what stands before. */
function variablesOf(env: readonly EnvironmentEntry[], secrets: Labels): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const { name, value, valueFrom } of env) {
    const { fieldRef, secretKeyRef } = valueFrom ?? {}
    if (secretKeyRef !== undefined) assert.equal(secretKeyRef.name, secret.metadata.name)
    const text = fieldRef === undefined ? secrets[secretKeyRef?.key ?? ''] : fields[fieldRef.fieldPath]
    variables[name] = (value ?? defined(text, `a value of ${name}`)).replaceAll(/\$\((\w+)\)/g, (_, other: string) =>
      defined(variables[other], `${other} before ${name}`),
    )
  }
  return variables
}

async function nodeOf(workload: Workload): Promise<DeployedNode> {
  const { args, env } = containerOf(workload)
  return await readDeployedNode(args, variablesOf(env, filledIn))
}

function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value)
}

describe('the manifests of Kubernetes', () => {
  test('start a master and a worker with options that both know, at the ports that they say', async () => {
    assert.deepEqual(workloads.map(({ metadata }) => metadata.name).toSorted(), [
      'frostbyte-master',
      'frostbyte-worker',
    ])
    for (const workload of workloads) {
      const node = await nodeOf(workload)
      const ports = portsOf(node)
      const { ports: open, livenessProbe, readinessProbe } = containerOf(workload)
      assert.deepEqual(Object.fromEntries(open.map(({ name, containerPort }) => [name, containerPort])), ports)
      assert.deepEqual([livenessProbe.httpGet.path, livenessProbe.httpGet.port], ['/healthz', 'observe'])
      assert.match(readinessProbe.httpGet.path, /^\/readyz\?need=(?:read|write)$/)
      assert.equal(readinessProbe.httpGet.port, 'observe')
      const { annotations } = workload.spec.template.metadata
      assert.deepEqual(annotations, {
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': String(ports['observe']),
        'prometheus.io/path': '/metrics',
      })
      // The kubelet and Prometheus come from other machines.
      assert.equal(node.config.observeHost, '0.0.0.0')
      assert.equal(node.config.host, '0.0.0.0')
    }
  })

  test('have workers find the masters, and be found, by services that exist', async () => {
    const byName = new Map(services.map((service) => [service.metadata.name, service]))
    for (const workload of workloads) {
      const node = await nodeOf(workload)
      assert.equal(portOf(defined(node.config.advertisedAddress, 'an address for others')), portsOf(node)['internal'])
      if (node.role === 'master') continue
      for (const master of node.config.masters) {
        const service = defined(byName.get(master.slice(0, master.indexOf(':'))), `a service for ${master}`)
        assert.equal(service.spec.ports[0]?.port, portOf(master))
        // No master is ready before workers have come.
        assert.deepEqual([service.spec.clusterIP, service.spec.publishNotReadyAddresses], ['None', true])
      }
      const own = defined(byName.get(workload.spec.serviceName ?? ''), 'the service of the StatefulSet')
      assert.deepEqual([own.spec.clusterIP, own.spec.publishNotReadyAddresses], ['None', true])
      const host = `frostbyte-worker-0.${own.metadata.name}.frostbyte.svc`
      assert.equal(node.config.advertisedAddress, `${host}:7001`)
      assert.equal(node.config.zone, fields['spec.nodeName'])
    }
  })

  test('select the pods that they mean', async () => {
    for (const { spec } of workloads) assert.ok(selects(spec.selector.matchLabels, spec.template.metadata.labels))
    for (const { metadata, spec } of services) {
      const [workload, ...others] = workloads.filter((each) =>
        selects(spec.selector, each.spec.template.metadata.labels),
      )
      assert.equal(others.length, 0, metadata.name)
      const { ports } = containerOf(defined(workload, `pods of ${metadata.name}`))
      for (const { port, targetPort } of spec.ports)
        assert.equal(ports.find(({ name }) => name === targetPort)?.containerPort, port, metadata.name)
    }
    const budgets = await readManifests<DisruptionBudget>('PodDisruptionBudget')
    for (const { spec } of workloads) {
      const own = budgets.filter((budget) => selects(budget.spec.selector.matchLabels, spec.template.metadata.labels))
      assert.deepEqual(
        own.map((budget) => budget.spec.maxUnavailable),
        [1],
      )
    }
  })

  test('let only nodes reach internal ports, and nobody a port that is none', async () => {
    const policies = await readManifests<NetworkPolicy>('NetworkPolicy')
    for (const workload of workloads) {
      const { labels } = workload.spec.template.metadata
      const [policy, ...others] = policies.filter(({ spec }) => selects(spec.podSelector.matchLabels, labels))
      assert.equal(others.length, 0)
      const ports = portsOf(await nodeOf(workload))
      const rules = defined(policy, 'a policy').spec.ingress
      assert.deepEqual(
        new Set(rules.flatMap((rule) => rule.ports.map(({ port }) => port))),
        new Set(Object.values(ports)),
      )
      const internal = rules.find((rule) => rule.ports.some(({ port }) => port === ports['internal']))
      const from = defined(internal?.from, 'who may reach the internal port')
      for (const { podSelector } of from) {
        assert.ok(podSelector !== undefined)
        for (const { spec } of workloads) assert.ok(selects(podSelector.matchLabels, spec.template.metadata.labels))
      }
    }
  })

  test('give a pod no more than it needs, and time to end in good order', () => {
    for (const workload of workloads) {
      const { spec } = workload.spec.template
      assert.equal(spec.automountServiceAccountToken, false)
      assert.equal(spec.securityContext['runAsNonRoot'], true)
      assert.deepEqual(spec.securityContext['seccompProfile'], { type: 'RuntimeDefault' })
      const { securityContext, resources, volumeMounts } = containerOf(workload)
      assert.deepEqual(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      assert.ok(resources.requests['cpu'] !== undefined && resources.limits['memory'] !== undefined)
      const volumes = [
        ...spec.volumes.map(({ name }) => name),
        ...(workload.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name),
      ]
      assert.deepEqual(volumeMounts.map(({ name }) => name).toSorted(), volumes.toSorted())
      // A node ends its open requests within 15 s.
      assert.ok(spec.terminationGracePeriodSeconds >= 30)
      for (const { secret: mounted } of spec.volumes) {
        if (mounted === undefined) continue
        assert.equal(mounted.secretName, secret.metadata.name)
        for (const { key } of mounted.items) assert.ok(key in secret.stringData, key)
      }
    }
  })

  test('name every file but the example, and the image of this version', async () => {
    const { resources, images, namespace } = await readKustomization()
    assert.deepEqual([...resources, 'kustomization.yaml', 'secret.example.yaml'].toSorted(), await listManifestFiles())
    assert.equal(namespace, 'frostbyte')
    const manifest: unknown = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
    assert.ok(typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    assert.deepEqual(
      images.map(({ name, newTag }) => [name, newTag]),
      [['frostbyte', manifest.version]],
    )
    for (const workload of workloads) assert.equal(containerOf(workload).image, 'frostbyte')
  })

  test('do not run with any value of the example', async () => {
    assert.deepEqual(Object.keys(secret.stringData).toSorted(), Object.keys(filledIn).toSorted())
    const master = defined(
      workloads.find(({ kind }) => kind === 'Deployment'),
      'the masters',
    )
    const { args, env } = containerOf(master)
    for (const [key, value] of Object.entries(secret.stringData)) {
      const variables = key === 'secret' ? { FROSTBYTE_SECRET: value } : variablesOf(env, { ...filledIn, [key]: value })
      assert.equal(await readDeployedNode(args, variables).then(() => key, errorCode), 'config-invalid')
    }
  })
})
