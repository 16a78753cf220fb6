package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

// rules in the order they are tried. Patterns are over kinds: see lexicon for
// lower case and marks, reduce.go for the capitals.
var rules = []rule{
	{re(`^[ov][pue]*[CT]`), sortWhat},
	{re(`ip?N`), withoutEither},
	{re(`CT`), trueOf},
	{re(`[wbhp&]*[wbhp!v&][bhp]*C`), isTrue},
	{re(`T!?C`), postpositive},
	{re(`[wb]+!?v`), isDone},
	{re(`[C?w]b?[vC]`), whenDone},
	{re(`[vC][C?]`), doneWhen},
	{re(`TC`), tableColumn},
	{re(`CC`), tableColumn},
	{re(`TT`), sameTable},
	{re(`[CT][bhpwv]*!?>a[#p]*[CT]?`), nestedCompare},
	{re(`>a[#p]*[CT]`), nestedCompare},
	{re(`>Ca`), nestedCompare},
	{re(`v>a`), verbAverage},
	{re(`>a`), nestedIdea},
	{re(`[v?]>N[?T]?`), holdsCompare},
	{re(`[v?]m[?T]`), holdsMost},
	{re(`>N#p*T`), rowsCompare},
	{re(`>Nu?[tT]|N>[tT]|>[tT]N`), rowsCompare},
	{re(`>NC`), rowsNamed},
	{re(`[kp]N[&p]N#p*T`), rowsBetween},
	{re(`[v?]kN[&p]N[?T]?`), holdsBetween},
	{re(`[kp]N[&p]NT`), rowsBetween},
	{re(`kN&N[CT]`), columnBetween},
	{re(`[h&]NT|[v|]NT`), rowsExactly},
	{re(`[h&]NC`), numberOf},
	{re(`#T[bh]*>N`), rowsCompare},
	{re(`ap?[CT][bhpwv]*>p?N`), aggregateCompare},
	{re(`[CT][bhpwv]*!?[bp]?>p?N`), columnCompare},
	{re(`C[bhpw]*!?[bh]*vN`), reachCompare},
	{re(`[pv]Nt`), rowsTimes},
	{re(`[CT][bhpwv]*N>`), columnCompare},
	{re(`[CT][bhpwv]*!?[kp]N[&p]N`), columnBetween},
	{re(`[CT][bhpwv]*!?NpN`), columnFromTo},
	{re(`NC>`), columnCompare},
	{re(`[wbT!]b*NC`), ageIs},
	{re(`>Np?C`), columnCompare},
	{re(`>Cp?N`), columnCompare},
	{re(`>N`), timesCompare},
	{re(`v>p?N`), verbCompare},
	{re(`>N`), ideaCompare},
	{re(`kN[&p]N`), ideaBetween},
	{re(`~Q([&|]Q)?p*C`), likeText},
	{re(`[CT][bhpw]*!?[bpw]*~Q([&|]Q)?`), likeText},
	{re(`~Q`), likeShown},
	{re(`F,?[|]~?Q`), orLike},
	{re(`hQp*C`), likeText},
	{re(`Ch+Q`), likeText},
	{re(`[CT][bhpw]*!?n`), nullColumn},
	{re(`[CT][bpw]*i?Q((,?[|]|,)Q)*`), equalsText},
	{re(`[CT][bpwhv]*!?[bpw]*[ji]?[VN]((,?[|&]|,)[VN])*`), equals},
	{re(`[ji]?V((,?[|&]|,)V)*[CT]`), valueThenColumn},
	{re(`!?[bhpwv]*[ji]?V((,?[|&]|,)V)*`), bareValue},
	{re(`p?@[CT][bpwh]*F(&?F)*`), sameAs},
	{re(`@[Tpwh]*F(&?F)*`), reportsTo},
	{re(`p?jN&N`), bothYears},
	{re(`pN`), inYear},
	{re(`F,?[|&]?[pbw]?>p?N`), sameColumn},
	{re(`F,?&T>p?N`), ofAnother},
	{re(`F>`), orBeyond},
	{re(`FN`), andYear},
	{re(`F,?\|p?N`), orNumber},
	{re(`(a(,?&|,))+m[p]?C`), aggregatesAndMost},
	{re(`y?[m]N?[hp]?[CTt]`), mostOf},
	{re(`[sma]((,?&|,)[sma])+[pu]*C`), mixed},
	{re(`[sm]p?a[#p]*C`), superAggregate},
	{re(`sN?p?#p?[CT]`), mostOf},
	{re(`mF+T`), mostSuch},
	{re(`mF`), mostWith},
	{re(`m\?`), mostOfAny},
	{re(`(a(,?&|,))+s[p]?C`), aggregatesAndMost},
	{re(`l+N?[?C]T`), topSuch},
	{re(`lNsp?C`), superColumn},
	{re(`Nsp?C`), superColumn},
	{re(`[sl]N?[sl]?[p]?C`), superColumn},
	{re(`C[bpwv]*q(p[CT])?`), valueIsFrequent},
	{re(`qp?N?p?[CT]`), frequent},
	{re(`qvT`), mostDoneOf},
	{re(`Cb*s`), columnIsSuper},
	{re(`l?N?sTyC`), superBy},
	{re(`l?N?sT`), superTable},
	{re(`lT`), firstOf},
	{re(`l?N?s`), superIdea},
	{re(`a(,?&a|,a)*p?#?u?p?[CT]`), aggregate},
	{re(`G(,|,?&)[CT]`), aggregateToo},
	{re(`%a?[pu#]*F*[CT]`), shareOf},
	{re(`#[up]*F+T`), countSuch},
	{re(`#p?[T?]C`), numberDone},
	{re(`#[upa]*[CT]`), countOf},
	{re(`#[up]*G`), countMeasured},
	{re(`#F`), countValue},
	{re(`K&C`), countToo},
	{re(`l+N?[CT][bhpyo]*[bhpyo][KG]`), topBy},
	{re(`[hp]l+N[CG]`), topColumn},
	{re(`[dopy]*[ody][dopy]*(#p?\??|\?)d?`), byFrequency},
	{re(`y[CTKG]p?d`), sortedBy},
	{re(`[pw]?d?o[pbyd]*([CTKGS][pbd]*)((,?&|,)[dy]*[CTKG][pbd]*)*d?`), sortedBy},
	{re(`[pv]?d[py]*[CTKG](,?&[CTKG])*`), sortedBy},
	{re(`[ph]u[CT]`), groupDifferent},
	{re(`KCh`), countOfEach},
	{re(`eF+T`), eachSuch},
	{re(`[p]?(e|y)u?[CT]((,?&|,)e?[CT])*`), groupBy},
}

var lateRules = []rule{
	{re(`[CT][bhpwv]*>p*T[hw]*S`), nestedRow},
	{re(`[CT][bhpwv]*>p*T([hwpvb]*F)+`), nestedRow},
	{re(`>Cp*T[hw]*S`), nestedRow},
	{re(`>Cp*T([hwpvb]*F)+`), nestedRow},
	{re(`([CT][bhpwv]*)?>C?[pwe]*S([bhpwv]*T)?([bhpwvy]*F)*`), nestedExtreme},
	{re(`[CT][bhpwv]*>[pwe]*s?p?(C[pwe]*)?(F*[CT])?([pwvbhy&]*F)*`), nestedRows},
	{re(`>C[pwe]*(F*[CT])?([pwvbhy&]*F)*`), nestedRows},
	{re(`>[pwe]*F*T([pwvbhy&]*F)*`), nestedRows},
	{re(`([CT][bhpwv]*)?>[pwe]*F`), nestedValue},
	{re(`FFT`), nestedSuch},
	{re(`F[C?T]|[C?]F`), nounOfValue},
	{re(`ChF`), saidTwice},
	{re(`[wT][h!]C`), hasColumn},
	{re(`[@o]p?Sl?`), startingWith},
	{re(`[,hp]*S[ov]*l`), listedFirst},
	{re(`[,hp]*[qm][ov]*l`), listedFirst},
	{re(`[,p]*SpS`), fromTo},
	{re(`[v>]p?SN?`), startingFrom},
	{re(`S[?C]`), timeNoun},
	{re(`K[phwvb]*C[hwb]*S`), ofMost},
	{re(`FF`), oneName},
	{re(`FpT([pwvbhy]*F)+`), nestedOf},
	{re(`FT`), valueOfTable},
	{re(`F,?F,?\|[bhpwv]*F,?F`), eitherPair},
	{re(`F,?\|[bhpwvyT#]*F`), eitherPred},
	{re(`F,?\|[bhpwv]*[SG]`), eitherMost},
	{re(`>[wbhpv]*F`), otherThan},
	{re(`>Th?F`), otherThanSuch},
	{re(`>[wT]*h[T]`), exceptHaving},
	{re(`FbC`), valueAs},
	{re(`j[bhpwvT]*F`), bothPred},
	{re(`![bhpvwuy]*FF`), notName},
	{re(`F&?[bhw]*!T`), subjectNotDone},
	{re(`![bhpvwuy]*F`), notPred},
	{re(`F!v`), subjectNot},
	{re(`![bhpvwuy]*[CT]`), without},
	{re(`!b?v`), withoutVerb},
	{re(`A[bhpvw]*S`), withoutMost},
	{re(`A[bhpvw]*F`), withoutSuch},
	{re(`A[bhpvw]*T`), withoutOf},
	{re(`C[bhpw]*!?>[pw]*C|[hp]>CC`), columnsCompare},
	{re(`>NG`), totalCompare},
	{re(`![bhpvw]*S`), notMost},
	{re(`[hpl]*NS`), numberOfMost},
	{re(`>N`), bareAge},
	{re(`Tq`), mostOften},
	{re(`T[wbh]*[vb][bhv]*[qm]`), mostDone},
	{re(`[hv]G`), withMost},
	{re(`[sm]N?p?G`), mostMeasured},
}

// sameTable reads two words that are both of one table's name as that table.
func sameTable(ps *parse, m []item) ([]item, bool) {
	if m[0].end != m[1].start {
		return nil, false
	}
	it := m[1]
	it.tabs = nil
	for _, a := range m[0].tabs {
		for _, b := range m[1].tabs {
			if a.table == b.table {
				it.tabs = append(it.tabs, cand{a.ref, max(a.score, b.score)})
			}
		}
	}
	it.start, it.text, it.cols = m[0].start, m[0].text+" "+it.text, nil
	return []item{it}, len(it.tabs) > 0
}

// sortWhat: sort the names by age. What is sorted is shown.
func sortWhat(ps *parse, m []item) ([]item, bool) {
	lead := strings.ToLower(m[0].text)
	if m[0].kind == byte(lexicon.Verb) && lead != "order" && lead != "rank" && lead != "arrange" {
		return nil, false
	}
	for i, it := range ps.items[ps.hi:] {
		switch it.kind {
		case 'y':
			if next := ps.items[min(ps.hi+i+1, len(ps.items)-1)]; next.kind == kColumn || next.kind == byte(lexicon.Count) {
				ps.items[ps.hi+i].kind = byte(lexicon.Sort)
			}
			return m[1:], true
		case 'd', 'o':
			return m[1:], true
		case '.':
			return nil, false
		}
	}
	return nil, false
}

// tableColumn reads "customer name" as a column when it is one of the table.
func tableColumn(ps *parse, m []item) ([]item, bool) {
	t, c := m[0], m[1]
	if m[1].start != m[0].end {
		return nil, false
	}
	var own []cand
	for _, o := range c.cols {
		if slices.ContainsFunc(t.tabs, func(x cand) bool { return x.table == o.table && x.score > 0.55 }) {
			own = append(own, o)
		}
	}
	if m[0].kind == kColumn {
		own = ps.p.ofTableNamed(m[0], c.cols)
	}
	if len(own) == 0 || own[0].score < 0.6 {
		return nil, false
	}
	c.cols, c.start, c.text = own, t.start, t.text+" "+c.text
	return []item{c}, true
}

// ofTableNamed keeps the columns whose table's name holds the word before
// them: "membership level" in table members.
func (p *Planner) ofTableNamed(modifier item, cols []cand) []cand {
	stem := lexicon.Stem(strings.ToLower(modifier.text))
	var own []cand
	for _, c := range cols {
		for _, w := range p.index.words[c.table] {
			if s := lexicon.Stem(w); s == stem || len(s) > 4 && strings.HasPrefix(stem, s) {
				own = append(own, c)
				break
			}
		}
	}
	return own
}
