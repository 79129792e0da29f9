import assert from 'node:assert/strict'
import test from 'node:test'
import { parseJson } from '#client/json.ts'
import { compileTemplate } from '#cli/template/template.ts'

const value = {
  ID: 'abc',
  Names: 'web',
  Size: 12,
  Big: 1763950000123456789n,
  Ratio: 1.5,
  Empty: '',
  Nothing: null,
  List: ['x', 'y', 'z'],
  None: [],
  Map: { b: 2, a: 1 },
  State: { Running: true, Health: { Status: 'healthy' } },
  Networks: { bridge: { IPAddress: '172.17.0.2' }, other: { IPAddress: '10.0.0.1' } },
  Label: (name: unknown) => `label-${String(name)}`,
}

/** Template, what Go's text/template with Docker's functions writes for `value`. */
const golden: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['{{.ID}}: {{.Names}}', 'abc: web'],
  ['{{ .ID }}\t{{ .Size }}', 'abc\t12'],
  ['{{.State.Health.Status}}', 'healthy'],
  ['{{.List}} {{.Map}} {{.State.Running}} {{.Ratio}}', '[x y z] map[a:1 b:2] true 1.5'],
  ['{{.Nothing}}', '<no value>'],
  ['{{.Big}} {{json .Big}}', '1763950000123456789 1763950000123456789'],
  ['{{json .List}} {{json .Map}} {{json "a<b"}}', '["x","y","z"] {"b":2,"a":1} "a<b"'],
  ['{{.List | json}}', '["x","y","z"]'],
  ['{{join .List ", "}} {{.List | len}}', 'x, y, z 3'],
  ['{{upper .Names}} {{lower "ABC"}} {{title "the web site"}}', 'WEB abc The Web Site'],
  ['{{split "a:b" ":"}} {{index (split "a:b" ":") 1}}', '[a b] b'],
  ['{{truncate "hello" 3}}|{{truncate "hi" 5}}|{{pad "x" 1 2}}|{{pad "" 1 1}}', 'hel|hi| x  |'],
  [
    '{{index .List 1}} {{index .Map "a"}} {{index .Networks "bridge" "IPAddress"}}',
    'y 1 172.17.0.2',
  ],
  ['{{(index .Networks "other").IPAddress}}', '10.0.0.1'],
  ['{{slice .ID 0 2}} {{slice .List 1}}', 'ab [y z]'],
  ['{{range .List}}<{{.}}>{{end}}', '<x><y><z>'],
  ['{{range $i, $e := .List}}{{$i}}={{$e}};{{end}}', '0=x;1=y;2=z;'],
  [
    '{{range $k, $v := .Networks}}{{$k}} {{$v.IPAddress}} {{end}}',
    'bridge 172.17.0.2 other 10.0.0.1 ',
  ],
  ['{{range .None}}x{{else}}nothing{{end}}', 'nothing'],
  ['{{range $e := .List}}{{$.ID}}{{$e}} {{end}}', 'abcx abcy abcz '],
  ['{{range 3}}{{.}}{{end}}', '012'],
  ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
  ['{{if .Empty}}a{{else if .Nothing}}b{{else}}c{{end}}', 'c'],
  ['{{with .State.Health}}{{.Status}}{{end}}{{with .Empty}}x{{else}}none{{end}}', 'healthynone'],
  ['{{if and .ID (not .Empty)}}yes{{end}} {{or .Empty "other"}} {{and .ID .Size}}', 'yes other 12'],
  ['{{if and .Nothing .Nothing.X}}x{{else}}short{{end}}', 'short'],
  [
    '{{eq .ID "x" "abc"}} {{ne .Size 12}} {{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge "b" "a"}}',
    'true false true true false true',
  ],
  ['{{eq .Ratio 1.5}} {{eq .State.Running true}}', 'true true'],
  ['{{$x := .ID}}{{$x}}{{$x = "new"}} {{$x}}', 'abc new'],
  ['{{$n := 0}}{{range .List}}{{$n = len .}}{{end}}{{$n}}', '1'],
  [
    '{{printf "%s|%5d|%-5s|%05d|%.2f|%x|%q|%v|%%" .ID 42 "a" 42 1.5 255 "q" .List}}',
    'abc|   42|a    |00042|1.50|ff|"q"|[x y z]|%',
  ],
  ['{{printf "%d %s" "a"}}', '%!d(string=a) %!s(MISSING)'],
  ['{{printf "%s" "a" 1}}', 'a%!(EXTRA int=1)'],
  ['{{.ID | printf "%s-%s" "pre"}}', 'pre-abc'],
  ['{{print 1 2 "a" "b" 3}}|{{println "a" 1}}', '1 2ab3|a 1\n'],
  ['{{.Label "x.y"}} {{"x" | .Label}}', 'label-x.y label-x'],
  ['{{/* comment */}}a {{- /* b */ -}} c', 'ac'],
  ['a {{- .ID -}} b', 'aabcb'],
  ['{{"quo\\"te\\t\\u00e9\\x41"}}{{`raw\\n`}}', 'quo"te\té\u0041raw\\n'],
  ['{{\'a\'}} {{0x10}} {{-3}} {{true}} {{len "é"}}', '97 16 -3 true 2'],
  ['{{define "T"}}[{{.ID}}]{{end}}{{template "T" .}}{{template "T" $}}', '[abc][abc]'],
  ['{{block "T" .Names}}<{{.}}>{{end}}', '<web>'],
  ['{{range .List}}{{if eq . "y"}}{{continue}}{{end}}{{.}}{{end}}', 'xz'],
  ['{{range .List}}{{.}}{{if eq . "y"}}{{break}}{{end}}{{end}}', 'xy'],
  ['{{js "it\'s <b>"}} {{printf "%q" "a\\x01\\n\\u00e9"}}', 'it\\\'s \\u003Cb\\u003E "a\\x01\\né"'],
  ['{{html "<a&b>"}} {{urlquery "a b&c(*\'"}}', '&lt;a&amp;b&gt; a+b%26c%28%2A%27'],
]

test('templates write what Go writes', () => {
  for (const [source, expected] of golden) {
    assert.equal(compileTemplate(source)(value), expected, source)
  }
})

test('json writes the whole value, big integers included', () => {
  const text = '{"timeNano":1763950000123456789,"a":[1,{}],"b":"<&>"}'
  assert.equal(compileTemplate('{{json .}}')(parseJson(text)), text)
})

const failures: readonly (readonly [string, RegExp])[] = [
  [
    '{{.Gone}}',
    /^template parsing error: template: :1:2: executing "" at <\.Gone>: map has no entry for key "Gone"$/,
  ],
  ['a\n{{.State.Gone}}', /template: :2:8: executing "" at <\.State\.Gone>: map has no entry/],
  ['{{.Nothing.X}}', /nil pointer evaluating interface \{\}\.X$/],
  ['{{.ID.X}}', /can't evaluate field X in type interface \{\}$/],
  ['{{gone .ID}}', /^template parsing error: template: :1: function "gone" not defined$/],
  ['{{constructor .ID}}', /function "constructor" not defined$/],
  ['{{$x}}', /undefined variable "\$x"$/],
  ['{{.ID', /^template parsing error: template: :1: unclosed action$/],
  ['{{}}', /missing value for command$/],
  ['{{if .ID}}x', /unexpected EOF$/],
  ['{{end}}', /unexpected \{\{end\}\}$/],
  ['{{"abc}}', /unterminated quoted string$/],
  ['{{(.ID}}', /unclosed left paren$/],
  ['{{.ID .Size}}', /can't give argument to non-function \.ID$/],
  [
    '{{index .List 9}}',
    /:1:2: executing "" at <index \.List 9>: error calling index: index out of range: 9$/,
  ],
  ['{{.Label}}', /wrong number of args for Label: want 1 got 0$/],
  ['{{break}}', /\{\{break\}\} outside \{\{range\}\}$/],
  ['{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', /exceeded maximum template depth/],
  ['{{lt 1 "a"}}', /error calling lt: incompatible types for comparison$/],
  ['{{template "x"}}', /template "x" not defined$/],
]

test('templates fail with the words of Go', () => {
  for (const [source, message] of failures) {
    assert.throws(
      () => compileTemplate(source)(value),
      { kind: 'invalid_argument', message },
      source,
    )
  }
})
