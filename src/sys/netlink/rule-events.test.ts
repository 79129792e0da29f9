import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeRuleEvents } from '#sys/netlink/rule-events.ts'

test('a chain that is made; what else the transaction did is not told', () => {
  const hex =
    '38000000000a000001000000f46cfda102000001060001007800000008000300000000010c000400000000000000000108000200000000006c000000030a000402000000f46cfda10200000206000100780000000c000300464f5257415244000c000200000000000000000114000480080001000000000208000200000000000800050000000000080006000000000008000b00000000010b000700' +
    '66696c7465720000'
  assert.deepEqual(decodeRuleEvents(Buffer.from(hex, 'hex')), [
    { type: 'chain-changed', table: 'x', chain: 'FORWARD' },
  ])
})

test('a table that is removed with its chain', () => {
  const hex =
    '34000000050a000001000000f46cfda10200000306000100780000000c000300464f5257415244000c00020000000000000000013000000002' +
    '0a000002000000f46cfda102000003060001007800000008000300000000000c0004000000000000000001'
  assert.deepEqual(decodeRuleEvents(Buffer.from(hex, 'hex')), [
    { type: 'table-removed', table: 'x' },
  ])
})
