package planner

import (
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// interpret reads what reduction has left, from left to right, into the form.
// Whatever has no place in it is unplaced, and the question is not answered.
func (ps *parse) interpret() {
	f := &ps.f
	var pending []*slot // outputs that wait for the table they are of
	var last *slot      // the table named last
	for i := 0; i < len(ps.items); i++ {
		it := ps.items[i]
		switch it.kind {
		case kColumn:
			s := columnOf(it, anything)
			if i > 0 && last != nil && ps.items[i-1].kind == kTable {
				s.owners = last.opts
			} else {
				pending = append(pending, s)
			}
			f.outs = append(f.outs, &output{slot: s, at: it.start})
		case kTable:
			if i+1 < len(ps.items) && ps.items[i+1].kind == kNumber && ps.numbered(it, ps.items[i+1]) {
				i++
			}
			t := tableOf(it)
			for _, s := range pending {
				s.owners = t.opts
			}
			pending, last = nil, t
			ps.mention(t, it)
		case kRows, kOutput:
			o := it.node.(*output)
			f.outs = append(f.outs, o)
			if o.rows {
				last = o.slot
			} else {
				pending = append(pending, o.slot)
			}
		case kPred, kWithout:
			p := it.node.(*pred)
			ps.own(p, last)
			f.preds = append(f.preds, p)
		case kSuper:
			s := it.node.(*super)
			if s.slot != nil && !s.rows {
				if last != nil {
					s.slot.owners = last.opts
				} else {
					pending = append(pending, s.slot)
				}
			}
			f.supers = append(f.supers, s)
		case kOrders:
			f.orders = append(f.orders, it.node.([]*orderBy)...)
		case kGroup:
			ps.groups(it)
		default:
			i += ps.rest(i)
		}
	}
	if last != nil {
		for _, s := range pending {
			s.owners = last.opts
		}
	}
}

// mention puts a table into the form: the first is what the question is about.
func (ps *parse) mention(t *slot, it item) {
	if ps.f.head == nil {
		ps.f.head = t
		ps.f.plural = strings.HasSuffix(strings.ToLower(it.text), "s")
		return
	}
	ps.f.also = append(ps.f.also, t)
}

func (ps *parse) own(p *pred, last *slot) {
	if last == nil {
		return
	}
	if p.slot != nil && p.slot.owners == nil && p.kind != related && !p.rows {
		p.slot.owners = last.opts
	}
	for _, q := range p.or {
		ps.own(q, last)
	}
}

// numbered reads "room 12": the key, or the column of that name, is 12.
func (ps *parse) numbered(t, n item) bool {
	p := &pred{kind: compare, op: semantic.Eq, values: []string{n.arg}, at: n.start}
	if c := columnOf(t, anything); c != nil && c.opts[0].score >= 0.9 {
		p.slot = c
	} else if k, ok := ps.p.index.soleKey(t.tabs[0].table); ok {
		p.slot = &slot{opts: []cand{{k, 0.8}}, text: t.text, at: t.start}
	} else {
		return false
	}
	ps.f.preds = append(ps.f.preds, p)
	return true
}

func (ps *parse) groups(it item) {
	for _, g := range it.node.([]item) {
		if g.kind == kTable {
			if c := columnOf(g, label); c != nil && c.opts[0].score > g.tabs[0].score {
				ps.f.groups = append(ps.f.groups, c)
				continue
			}
			ps.f.groups = append(ps.f.groups, tableOf(g))
			continue
		}
		ps.f.groups = append(ps.f.groups, columnOf(g, label))
	}
}

// rest takes the items that are no phrase's part. It gives how many more than
// one it took.
func (ps *parse) rest(i int) int {
	it := ps.items[i]
	next := item{}
	if i+1 < len(ps.items) {
		next = ps.items[i+1]
	}
	switch lexicon.Kind(it.kind) {
	case lexicon.Be, lexicon.Have, lexicon.Prep, lexicon.Relative, lexicon.And, lexicon.Comma, lexicon.Stop, lexicon.Also, lexicon.Exists, lexicon.Filler:
		return 0
	case lexicon.Verb:
		ps.f.verbs++
		return 0
	case lexicon.By:
		return 0
	case lexicon.Distinct:
		ps.f.distinct = true
		return 0
	case lexicon.Top:
		if next.kind == kNumber {
			ps.f.limit = atoi(next.arg)
			return 1
		}
	case lexicon.Number:
		if i > 0 && year(it.arg) && ps.items[i-1].kind == byte(lexicon.Prep) {
			ps.inYear(it)
			return 0
		}
	case lexicon.Write:
		ps.f.why = "it asks to change data, and only questions are answered here"
		return 0
	case lexicon.Chat:
		ps.f.why = "it asks for something other than data"
		return 0
	}
	ps.f.unplaced = append(ps.f.unplaced, it.text)
	return 0
}

func (ps *parse) inYear(it item) {
	s := &slot{text: it.text, at: it.start, want: moment, soft: true}
	ps.dates(s)
	ps.f.preds = append(ps.f.preds, &pred{kind: compare, op: semantic.Eq, slot: s, values: []string{it.arg}, at: it.start})
}
