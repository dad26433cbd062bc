// Which page of a search stands first: a chapter or a word's meaning before sheets, notes for instructors and names of functions.
const LATER = /^(exercises|solutions|notes|api|errors|gallery|LOG|genindex)\b/, SOONER = /^(ch\d\d_|glossary)/;
var Scorer = { // Sphinx asks whether there is one, and declares its own with var
  score: ([page, , , , score]) => score * (LATER.test(page) ? 0.25 : SOONER.test(page) ? 3 : 1),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 30,
  partialTitle: 25,
  term: 5,
  partialTerm: 2,
};
