package market_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
)

const sales = `marketplace:
  marketplaceId: sales_marketplace
  contactEmail: ann@example.com
  contactName: Ann
  heroBackgroundColor: '#FFFFFF'
  x-team: {x-floor: 3}
  dataProductRequirementsSchema:
    type: object
    properties:
      product: {type: object, required: [recordSets]}
  en: {name: Sales data, description: All of it, shortDescription: Sales, heroImage: "https://x.example/a.png", x-note: n}
  badges:
    - {type: static, check: Says where the data is from, key: product.description, displayName: {en: Origins}, x-colour: red}
  minimumStandard:
    - {type: static, check: Has a contact, key: product.contactEmail, displayName: {en: Contact}, onFail: reject}
    - {type: static, check: Every table is described, key: product.recordSets.*.description, displayName: {en: Described}, onFail: warn}
    - {type: static, check: No personal data, report_key: no_pii, displayName: {en: No PII}}
`

func TestAMarketplaceSpecIsReadWhole(t *testing.T) {
	m, err := market.Parse([]byte(sales))
	if err != nil {
		t.Fatal(err)
	}
	want := market.Marketplace{
		ID: "sales_marketplace", Name: "Sales data", Description: "All of it", ShortDescription: "Sales", ContactName: "Ann", ContactEmail: "ann@example.com",
		Badges: []market.Standard{{Type: "static", Check: "Says where the data is from", Key: "product.description", Name: "Origins"}},
		Standards: []market.Standard{
			{Type: "static", Check: "Has a contact", Key: "product.contactEmail", Name: "Contact", OnFail: "reject"},
			{Type: "static", Check: "Every table is described", Key: "product.recordSets.*.description", Name: "Described", OnFail: "warn"},
			{Type: "static", Check: "No personal data", ReportKey: "no_pii", Name: "No PII"},
		},
		SpecYAML: sales,
	}
	spec := string(m.Spec)
	m.Spec, m.Requirements = nil, nil
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
	for _, kept := range []string{`"x-team":{"x-floor":3}`, `"x-note":"n"`, `"x-colour":"red"`} {
		if !strings.Contains(spec, kept) {
			t.Errorf("%s is lost in %s", kept, spec)
		}
	}
	again, err := market.Stored([]byte(spec))
	if err != nil || again.Name != "Sales data" || !strings.Contains(again.YAML(), "x-floor: 3") {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestAWrongMarketplaceSpecNamesEachFieldAndItsLine(t *testing.T) {
	for doc, want := range map[string][]string{
		"":               {},
		`{"product":{}}`: {"product: unknown key: custom keys must start x-; known here: marketplace, schema (line 1)", "marketplace: Field required (line 1)"},
		"[]":             {"marketplace: Field required: the spec is a map with the top key marketplace"},
		"marketplace:\n  marketplaceId: a b\n  contactEmail: x\n  en: {}\n  team: t\n": {
			"marketplace.team: unknown key: custom keys must start x-; known here: marketplaceId, contactName, contactEmail, en, heroBackgroundColor, dataProductRequirementsSchema, badges, minimumStandard (line 5)",
			"marketplace.marketplaceId: must start with a letter or digit and hold only letters, digits and : . _ - (line 2)",
			"marketplace.contactName: Field required (line 2)",
			"marketplace.contactEmail: must be an e-mail address, such as ann@example.com (line 3)",
			"marketplace.en.name: Field required (line 4)",
		},
		strings.Replace(sales, "type: static, check: Has a contact, key: product.contactEmail", "type: dynamic, check: Has a contact", 1): {
			"marketplace.minimumStandard.0.type: must be static: other checks cannot be made here (line 15)",
			"marketplace.minimumStandard.0: key or report_key is required: the path in a product's spec that has to be filled, or the report that has to say yes (line 15)",
		},
		strings.Replace(sales, "type: object\n    prop", "$ref: '#'\n    prop", 1): {
			"marketplace.dataProductRequirementsSchema.$ref: references are not supported: write the schema out (line 8)",
		},
		strings.Replace(sales, "type: object\n    prop", "type: 5\n    prop", 1): {
			"marketplace.dataProductRequirementsSchema: is not a JSON schema that can be used here (line 8)",
		},
	} {
		_, err := market.Parse([]byte(doc))
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid {
			t.Errorf("%.40q: %v", doc, err)
			continue
		}
		got := []string{}
		for _, x := range f.Fields {
			got = append(got, strings.Join(x.Loc[1:], ".")+": "+x.Msg)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%.60q: %s", doc, d)
		}
	}
}

func subject(t *testing.T, doc string, reports ...market.Report) market.Subject {
	t.Helper()
	s, err := market.SubjectOf(product.Product{Spec: []byte(doc)}, reports)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAProductIsHeldAgainstEachStandard(t *testing.T) {
	s := subject(t, `{"product":{"contactEmail":"a@b.example","en":{"description":"From the shop"},"x-sla":0,"recordSets":{"a":{"description":"d"},"b":{}},"empty":{},"list":[{"n":1},{"n":2}]}}`,
		market.Report{Key: "no_pii", Value: []byte("true")}, market.Report{Key: "fresh", Value: []byte("false")}, market.Report{Key: "rows", Value: []byte(`[]`)})
	for _, c := range []struct {
		st   market.Standard
		want bool
		why  string
	}{
		{market.Standard{Key: "product.contactEmail"}, true, "product.contactEmail is filled"},
		{market.Standard{Key: "product.description"}, true, "product.en.description is filled"},
		{market.Standard{Key: "product.en.name"}, false, "product.en.name is missing"},
		{market.Standard{Key: "product.x-sla"}, true, "product.x-sla is filled"},
		{market.Standard{Key: "product.empty"}, false, "product.empty is empty"},
		{market.Standard{Key: "product.empty.*"}, false, "product.empty holds none"},
		{market.Standard{Key: "product.recordSets.*.description"}, false, "product.recordSets.b.description is missing"},
		{market.Standard{Key: "product.list.*.n"}, true, "product.list.*.n is filled"},
		{market.Standard{ReportKey: "no_pii"}, true, "the last report under no_pii says yes"},
		{market.Standard{ReportKey: "fresh"}, false, "the last report under fresh says false"},
		{market.Standard{ReportKey: "rows"}, false, "the last report under rows says []"},
		{market.Standard{ReportKey: "none"}, false, "nothing was reported under none"},
		{market.Standard{Type: "dynamic", Key: "product.contactEmail"}, false, "only static checks can be made here"},
	} {
		if c.st.Type == "" {
			c.st.Type = market.Static
		}
		if v := s.Check(c.st); v.Passed != c.want || v.Explanation != c.why {
			t.Errorf("%+v: %t, %q", c.st, v.Passed, v.Explanation)
		}
	}
}

func TestWhatFailsAStandardIsNotAdmitted(t *testing.T) {
	m, err := market.Parse([]byte(sales))
	if err != nil {
		t.Fatal(err)
	}
	yes := market.Report{Key: "no_pii", Value: []byte("true")}
	if err := m.Admit(subject(t, `{"product":{"contactEmail":"a@b.example","recordSets":{}}}`, yes)); err != nil {
		t.Errorf("only a warning fails, and the product is not admitted: %v", err)
	}
	err = m.Admit(subject(t, `{"product":{"contactEmail":" "}}`))
	f := fault.As(err)
	if f == nil || f.Kind != fault.Rejected || len(f.Fields) != 3 {
		t.Fatalf("%v", err)
	}
	if want := "the product does not meet what marketplace sales_marketplace asks for: Contact; No PII; dataProductRequirementsSchema"; f.Message != want {
		t.Errorf("%q", f.Message)
	}
	if want := "Has a contact: product.contactEmail is empty"; f.Fields[0].Msg != want {
		t.Errorf("%q", f.Fields[0].Msg)
	}
	if b := m.Earned(subject(t, `{"product":{"en":{"description":"From the shop"}}}`)); len(b) != 1 || b[0].Name != "Origins" {
		t.Errorf("%+v", b)
	}
}
