package draft

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// Few is how many values a column may have for them to be in a draft.
const Few = 50

const (
	longest = 60     // of a value, in bytes: a longer one is prose
	room    = 40_000 // values in all: a spec has a most
)

// mostValues is how many values a column may have so that all of them find
// room.
func mostValues(m *semantic.Model, none bool) int {
	if none {
		return 0
	}
	for _, most := range []int{Few, 20, 10, 5, 2} {
		n := 0
		for i := range m.Tables {
			t := &m.Tables[i]
			for j := range t.Columns {
				if showable(t, &t.Columns[j], most) {
					n += len(t.Columns[j].Values)
				}
			}
		}
		if n <= room {
			return most
		}
	}
	return 0
}

// showable reports whether a column's values may be in a draft: texts of few
// kinds that are not about a person.
func showable(t *semantic.Table, c *semantic.Column, most int) bool {
	whole := c.Complete || c.Distinct < 0 // all of the table's, or of the part of it that was looked at
	if c.Class != semantic.Text || !whole || len(c.Values) == 0 || len(c.Values) > most || c.NumericText || personal(t, c) {
		return false
	}
	return !slices.ContainsFunc(c.Values, func(v string) bool {
		return len(v) > longest || strings.ContainsAny(v, "\n\r") || contact.MatchString(strings.TrimSpace(v))
	})
}

// contact is a mail address, or digits enough to reach or identify a person.
var contact = regexp.MustCompile(`[^@\s]@[^@\s]+\.[^@\s]|^\+?[0-9(][0-9 ().-]{6,}[0-9]$`)

// about are words in the names of columns that tell of one person, or open
// something.
var about = []string{"email", "mail", "phone", "telephone", "mobile", "cell", "fax", "ssn", "passport", "iban", "address", "street", "firstname", "lastname", "fname", "lname", "mname",
	"surname", "forename", "middlename", "fullname", "nickname", "birth", "birthday", "birthdate", "dob", "password", "passwd", "pwd", "token", "secret", "hash", "salt",
	"username", "login", "user", "account", "card", "signature", "licence", "license", "ip", "zip", "zipcode", "postcode", "postal", "initial", "initials", "author", "comment", "note", "notes"}

// people are tables of persons, and roles that persons have; the first ten also
// with something put to them.
var people = []string{"customer", "client", "person", "people", "user", "member", "employee", "student", "patient", "worker", "staff", "pupil", "teacher", "doctor", "physician", "nurse",
	"contact", "guest", "visitor", "applicant", "candidate", "tenant", "resident", "subscriber", "passenger", "driver", "lead", "donor", "author", "owner", "manager", "supervisor",
	"instructor", "professor", "faculty", "agent", "attendee", "participant", "volunteer", "recipient", "holder", "buyer", "seller", "family", "first", "last", "middle", "given", "full", "maiden",
	"dependent", "spouse", "child", "parent", "mother", "father", "guardian", "friend", "host", "leader", "president", "chairman", "director", "head", "secretary", "clerk", "technician", "engineer",
	"scientist", "researcher", "editor", "reviewer", "judge", "lawyer", "attorney", "witness", "victim", "suspect", "claimant", "insured", "policyholder", "beneficiary", "creditor", "debtor", "payee", "payer",
	"borrower", "lender", "voter", "citizen", "player", "coach", "athlete", "contestant", "pilot", "captain", "crew", "singer", "artist", "actor", "performer", "musician", "composer", "writer", "rider", "runner",
	"swimmer", "climber", "entrepreneur", "founder", "investor", "shareholder", "assignee", "creator", "requester", "reporter", "representative", "rep"}

// kinds are last words of columns that sort: card_type is no card.
var kinds = []string{"type", "types", "status", "kind", "category", "class", "level", "role", "group", "segment", "tier", "state", "country", "city", "region"}

// personal reports whether a column is named like one of data about a person
// (an e-mail address, a phone number, the name of a customer), or its values
// look like names of people.
func personal(t *semantic.Table, c *semantic.Column) bool {
	words := strings.Fields(semantic.Words(c.Name))
	if len(words) > 1 && slices.Contains(kinds, words[len(words)-1]) {
		return false
	}
	if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(about, semantic.Singular(w)) || slices.Contains(about, w) }) {
		return true
	}
	person := func(name string) bool {
		return slices.ContainsFunc(strings.Fields(semantic.Words(name)), isPerson)
	}
	alike := 0
	for _, v := range c.Values {
		if fullName.MatchString(v) {
			alike++
		}
	}
	named := slices.Contains(words, "name") || slices.Contains(words, "names") || len(words) == 1 && strings.HasSuffix(words[0], "name")
	return named && (person(t.Name) || person(c.Name) || alike*2 > len(c.Values)) || alike*10 > len(c.Values)*9 || len(words) == 1 && person(c.Name)
}

// isPerson knows a word for people also where another is put to it: useracct.
func isPerson(word string) bool {
	one := semantic.Singular(word)
	return slices.Contains(people, one) || slices.ContainsFunc(people[:10], func(p string) bool { return strings.HasPrefix(one, p) })
}

// fullName is what the names of people look like, and those of some places.
var fullName = regexp.MustCompile(`^\p{Lu}[\p{L}'’-]+( \p{Lu}\.?)?( \p{Lu}[\p{L}'’-]+){1,2}$`)
