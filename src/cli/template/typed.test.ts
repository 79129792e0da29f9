import assert from 'node:assert/strict'
import test from 'node:test'
import { compileTemplate } from '#cli/template/template.ts'
import { withTypes } from '#cli/template/typed.ts'
import { ContainerInspect } from '#wire/containers.ts'

const inspected = {
  Id: 'abc',
  State: { Status: 'running', Running: true, Pid: 7 },
  HostConfig: {
    Binds: null,
    RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
    PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '90/tcp': null },
  },
  Mounts: [{ Type: 'bind', Source: '/a', Destination: '/b', Mode: '', RW: true, Propagation: '' }],
  Config: { Cmd: ['sh'], Labels: { Color: 'red' } },
}

const cases: readonly (readonly [string, string])[] = [
  ['{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}', 'none'],
  ['{{.State.Health}} {{.HostConfig.PidsLimit}} {{.SizeRw}}', '<nil> <nil> <nil>'],
  ['{{.HostConfig.Binds}} {{len .HostConfig.Binds}} {{json .HostConfig.Binds}}', '[] 0 null'],
  ['{{range .HostConfig.Binds}}x{{else}}none{{end}}', 'none'],
  ['{{.HostConfig.Memory}}|{{.Config.User}}|{{.Config.Tty}}', '0||false'],
  ['{{.HostConfig.RestartPolicy}}', '{always 0}'],
  ['{{.HostConfig.PortBindings}}', 'map[80/tcp:[{ 8080}] 90/tcp:[]]'],
  ['{{.Mounts}}', '[{bind  /a /b   true }]'],
  ['{{json .State}}', '{"Status":"running","Running":true,"Pid":7}'],
  ['{{.ID}} {{.Config.Cmd}} {{.Config.Labels.Color}}', 'abc [sh] red'],
]

test('templates see absent fields as Go’s client does', () => {
  for (const [source, expected] of cases) {
    assert.equal(compileTemplate(source)(withTypes(inspected, ContainerInspect)), expected, source)
  }
})

test('a field below an absent object, and one that nobody knows, are told', () => {
  const run = (source: string) => compileTemplate(source)(withTypes(inspected, ContainerInspect))
  assert.throws(() => run('{{.State.Health.Status}}'), {
    message:
      'template parsing error: template: :1:8: executing "" at <.State.Health.Status>: map has no entry for key "Health"',
  })
  assert.throws(() => run('{{.Nope}}'), /map has no entry for key "Nope"$/)
  assert.throws(() => run('{{.Config.Labels.color}}'), /map has no entry for key "color"$/)
})
