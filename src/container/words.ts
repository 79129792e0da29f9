/** Halves of random container names: `adjective_surname`, people who made computing what it is. */
export const adjectives: readonly string[] =
  `able airy amber apt arctic azure balmy bold brave breezy bright brisk calm candid cheery civil
  clever cosmic cosy crisp curious daring deft dewy eager earnest easy fair fleet fond frank fresh
  gentle glad golden grand happy hardy hasty honest humble ideal jolly jovial keen kind lively
  lucid lucky mellow merry mighty mild modest neat nimble noble patient placid plucky polite
  prime proud quick quiet rapid ready regal robust rosy serene sharp shiny silent smart snug
  solid spry steady stoic sunny swift tender tidy tranquil trusty upbeat vivid warm wise witty
  worthy zesty`.split(/\s+/)

export const surnames: readonly string[] =
  `abelson aho allen amdahl babbage backus bartik berners boole booth cerf chomsky church clarke
  codd conway cray curry dahl davies dijkstra diffie easley eckert engelbart estrin farber feinler
  floyd forsythe gates goldberg goldwasser gosling gray hamilton hamming hellman hejlsberg hoare
  holberton hopper huffman iverson jacquard jennings johnson joy kahan kahn kapor karp kay kemeny
  kernighan kilburn kleene knuth kurtz lamarr lamport lampson landin leibniz liskov lovelace
  mauchly mccarthy mccluskey metcalfe milner minsky moore naur newell noether nygaard papert
  pascal perlis perlman pike postel rabin randell ritchie rivest sammet scott shannon shamir
  simon stallman steele stroustrup sussman sutherland tarjan thompson torvalds turing ullman
  valiant wilkes wilkinson wing wirth yao zuse`.split(/\s+/)
