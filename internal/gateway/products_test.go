package gateway_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
)

var ctx = context.Background()

func TestStoringACredentialTriesTheLogin(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status credential.Status
		reason string
	}{
		{"it works", nil, credential.Active, ""},
		{"it is refused", fault.New(fault.Rejected, "password authentication failed for user reader"), credential.Rejected, "password authentication failed for user reader"},
		{"the warehouse is down", fault.New(fault.Unavailable, "the warehouse cannot be reached"), credential.Unverified, "the warehouse cannot be reached"},
		{"the network is not allowed", fault.New(fault.Denied, "start with --allow-network"), credential.Unverified, "start with --allow-network"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.driver.open = func(warehouse.Login) error { return c.err }
			cred := w.store(t, w.machine, "shop", "prod")
			if cred.Status != c.status || cred.Reason != c.reason || cred.Type != credential.Basic {
				t.Errorf("%+v", cred)
			}
			w.driver.open = nil
			again, err := w.TestCredential(ctx, w.machine, cred.ID)
			if err != nil || again.Status != credential.Active || again.Reason != "" {
				t.Errorf("%+v, %v", again, err)
			}
		})
	}
}

func TestAWarehouseWithoutLoginsKeepsNoSecret(t *testing.T) {
	w := newWorld(t)
	cred := w.store(t, w.machine, "open", "prod")
	if cred.Type != credential.None || cred.Status != credential.Active {
		t.Errorf("%+v", cred)
	}
	got, err := w.read(w.machine, product.Query{ProductID: "open", SQL: "SELECT * FROM orders ORDER BY id", AuthID: cred.ID})
	if err != nil || got != allOrders {
		t.Errorf("%q, %v", got, err)
	}
	if l := w.driver.logins[len(w.driver.logins)-1]; !l.Password.Empty() || l.Username != "" {
		t.Error("the warehouse got a login")
	}
	if _, _, err := w.StoreCredential(ctx, w.machine, credential.New{ProductID: "open", State: "s", Username: "u"}); err != nil {
		t.Errorf("without a secret: %v", err)
	}
}

func TestACredentialIsCheckedFieldByField(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 300)
	pw := credential.Secret{Password: secret.New("p")}
	for _, c := range []struct {
		name   string
		n      credential.New
		fields []string
	}{
		{"nothing", credential.New{}, []string{"state", "username", "dp_id"}},
		{"blank", credential.New{State: " ", Username: "u", ProductID: "shop", Secret: pw}, []string{"state"}},
		{"too long", credential.New{State: long, Username: long, ProductID: long, Secret: pw}, []string{"state", "username", "dp_id"}},
		{"a control character", credential.New{State: "a\x00b", Username: "u", ProductID: "shop", Secret: pw}, []string{"state"}},
		{"no secret", credential.New{State: "s", Username: "u", ProductID: "shop"}, []string{"password"}},
		{"both secrets", credential.New{State: "s", Username: "u", ProductID: "shop", Secret: credential.Secret{Password: secret.New("p"), PrivateKey: secret.New("k")}}, []string{"password"}},
		{"a passphrase alone", credential.New{State: "s", Username: "u", ProductID: "shop", Secret: credential.Secret{Password: secret.New("p"), Passphrase: secret.New("q")}}, []string{"passphrase"}},
		{"a huge password", credential.New{State: "s", Username: "u", ProductID: "shop", Secret: credential.Secret{Password: secret.New(strings.Repeat("p", 5000))}}, []string{"password"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := w.StoreCredential(ctx, w.machine, c.n)
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid {
				t.Fatalf("%v", err)
			}
			var got []string
			for _, x := range f.Fields {
				got = append(got, strings.Join(x.Loc[1:], "."))
			}
			if diff := cmp.Diff(c.fields, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for _, id := range []string{"nowhere", "shop"} {
		n := credential.New{State: "s", Username: "u", ProductID: id, Secret: pw}
		if _, _, err := w.StoreCredential(ctx, w.stranger, n); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, n, err := w.Credentials(ctx, w.machine, "", 10, 0); n != 0 || err != nil {
		t.Errorf("%d stored, %v", n, err)
	}
}

func TestADeletedCredentialBitesAtOnce(t *testing.T) {
	w := newWorld(t)
	cred := w.store(t, w.machine, "shop", "prod")
	q := product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"}
	if _, err := w.read(w.machine, q); err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteCredential(ctx, w.stranger, cred.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's: %v", err)
	}
	if err := w.DeleteCredential(ctx, w.machine, cred.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.read(w.machine, q); codeOf(err) != credential.CodeNotProvided {
		t.Errorf("%v", err)
	}
}

func codeOf(err error) int {
	if f := fault.As(err); f != nil {
		return f.Code
	}
	return 0
}

func TestAReplacedCredentialSignsInAnew(t *testing.T) {
	w := newWorld(t)
	w.store(t, w.machine, "shop", "prod")
	q := product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"}
	if _, err := w.read(w.machine, q); err != nil {
		t.Fatal(err)
	}
	if _, created, err := w.StoreCredential(ctx, w.machine, credential.New{ProductID: "shop", State: "prod", Username: "writer", Secret: credential.Secret{Password: secret.New("n3w")}}); created || err != nil {
		t.Fatal(created, err)
	}
	if _, err := w.read(w.machine, q); err != nil {
		t.Fatal(err)
	}
	if l := w.driver.logins[len(w.driver.logins)-1]; l.Username != "writer" || l.Password.Reveal() != "n3w" {
		t.Errorf("signed in as %s", l.Username)
	}
}

// steward makes products, and may not point them elsewhere.
func steward(id string) auth.Caller {
	return auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID(id), Role: auth.Steward, Scopes: []auth.Scope{auth.ScopeAll}}
}

func TestAChangedWarehouseEndsTheCredentialsForIt(t *testing.T) {
	w := newWorld(t)
	cred := w.store(t, w.machine, "shop", "prod")
	if _, err := w.read(w.machine, product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"}); err != nil {
		t.Fatal(err)
	}
	// Its administrator is not enough to move it.
	s := steward("pc_steward")
	if err := w.Grant(ctx, w.admin, product.Grant{Product: "shop", Subject: s.Subject(), Role: product.ProductAdmin}); err != nil {
		t.Fatal(err)
	}
	moved := spec("shop", w.file("other"), "")
	if _, _, err := w.CreateProduct(ctx, s, moved); !fault.Is(err, fault.Denied) {
		t.Errorf("a steward moved it: %v", err)
	}
	if _, _, err := w.CreateProduct(ctx, s, []byte(strings.Replace(string(spec("shop", w.file("shop"), "")), "What was sold", "Sold", 1))); err != nil {
		t.Errorf("a steward may edit it: %v", err)
	}
	if _, _, err := w.CreateProduct(ctx, w.admin, moved); err != nil {
		t.Fatal(err)
	}
	if _, err := w.read(w.machine, product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"}); codeOf(err) != credential.CodeNotProvided {
		t.Errorf("the old password went to the new warehouse: %v", err)
	}
	for _, test := range []func() (credential.Credential, error){
		func() (credential.Credential, error) { return w.Credential(ctx, w.machine, cred.ID) },
		func() (credential.Credential, error) { return w.TestCredential(ctx, w.machine, cred.ID) },
	} {
		if got, err := test(); err != nil || got.Status != credential.Rejected || !strings.Contains(got.Reason, "has changed") {
			t.Errorf("%+v, %v", got, err)
		}
	}
	w.store(t, w.machine, "shop", "prod")
	if _, err := w.read(w.machine, product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"}); err != nil {
		t.Errorf("stored again: %v", err)
	}
}

func TestProductsAreSeenByGrant(t *testing.T) {
	w := newWorld(t)
	ids := func(c auth.Caller) (out []string) {
		all, err := w.Products(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			out = append(out, p.ID)
		}
		slices.Sort(out)
		return out
	}
	if got := ids(w.machine); !slices.Equal(got, []string{"open", "shop"}) {
		t.Error(got)
	}
	if got := ids(w.stranger); len(got) != 0 {
		t.Error(got)
	}
	if err := w.Grant(ctx, w.admin, product.Grant{Product: "open", Subject: "everyone", Role: product.ProductViewer}); err != nil {
		t.Fatal(err)
	}
	if got := ids(w.stranger); !slices.Equal(got, []string{"open"}) {
		t.Error(got)
	}
	if _, err := w.Product(ctx, w.stranger, "shop", ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

func TestAdministeringAProductIsForItsAdministrators(t *testing.T) {
	w := newWorld(t)
	gr := product.Grant{Product: "shop", Subject: "client:pc_x", Role: product.ProductViewer}
	for name, do := range map[string]func(auth.Caller) error{
		"grant":  func(c auth.Caller) error { return w.Grant(ctx, c, gr) },
		"revoke": func(c auth.Caller) error { return w.Revoke(ctx, c, gr) },
		"grants": func(c auth.Caller) error { _, err := w.Grants(ctx, c, "shop"); return err },
		"status": func(c auth.Caller) error { return w.SetStatus(ctx, c, "shop", "1.0.0", product.Ready, false) },
		"delete": func(c auth.Caller) error { return w.DeleteProduct(ctx, c, "shop") },
	} {
		t.Run(name, func(t *testing.T) {
			before := len(w.record.of(audit.AccessDenied))
			if err := do(w.machine); !fault.Is(err, fault.Denied) {
				t.Errorf("a viewer: %v", err)
			}
			if err := do(w.stranger); !fault.Is(err, fault.NotFound) {
				t.Errorf("a stranger: %v", err)
			}
			if n := len(w.record.of(audit.AccessDenied)) - before; n != 2 {
				t.Errorf("%d denials on record", n)
			}
		})
	}
	for _, bad := range []product.Grant{
		{Product: "shop", Subject: "client:x", Role: "owner"},
		{Product: "shop", Subject: "client:", Role: product.ProductViewer},
		{Product: "shop", Subject: "group:x", Role: product.ProductViewer},
		{Product: "shop", Subject: "everyone", Role: product.ProductAdmin},
	} {
		if err := w.Grant(ctx, w.admin, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestAnIDThatIsTakenIsAConflict(t *testing.T) {
	w := newWorld(t)
	if _, _, err := w.CreateProduct(ctx, steward("pc_other"), spec("shop", w.file("shop"), "")); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if _, _, err := w.CreateProduct(ctx, w.machine, spec("mine", w.file("shop"), "")); !fault.Is(err, fault.Denied) {
		t.Errorf("a viewer made a product: %v", err)
	}
	s := steward("pc_steward")
	if _, created, err := w.CreateProduct(ctx, s, spec("mine", w.file("shop"), "")); !created || err != nil {
		t.Fatal(created, err)
	}
	if err := w.DeleteProduct(ctx, s, "mine"); err != nil {
		t.Errorf("who made it may not delete it: %v", err)
	}
}

func TestASchemaShowsWhatTheProductShows(t *testing.T) {
	w := newWorld(t)
	s, err := w.Schema(ctx, w.machine, product.Query{ProductID: "open", Via: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Tables) != 1 || s.Tables[0].RecordSet != "orders" || s.Tables[0].Description != "What was sold" {
		t.Fatalf("%+v", s)
	}
	var cols []string
	for _, c := range s.Tables[0].Columns {
		cols = append(cols, c.Name+" "+c.Description+" "+strings.Join(c.Samples, ","))
	}
	if diff := cmp.Diff([]string{"id  1,2,3", "region Where north,south", "total  10.5,20,30"}, cols); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	e := w.record.of(audit.SchemaRead)
	if len(e) != 1 || e[0].Product != "open" || e[0].Outcome != "" {
		t.Errorf("%+v", e)
	}
	for _, l := range w.driver.limits {
		if l.Rows == 0 || l.Rows > 20 || l.Timeout == 0 {
			t.Errorf("sampling without bounds: %+v", l)
		}
	}
}

func TestASchemaIsForThoseWhoMayQuery(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Schema(ctx, w.stranger, product.Query{ProductID: "open"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if _, err := w.Schema(ctx, w.machine, product.Query{ProductID: "shop"}); codeOf(err) != credential.CodeNotProvided {
		t.Errorf("%v", err)
	}
	e := w.record.of(audit.SchemaRead)
	if len(e) != 2 || e[0].Outcome != "denied" || e[1].Outcome != "refused" {
		t.Errorf("%+v", e)
	}
	w.record.refuse = func(e audit.Event) bool { return e.Kind == audit.SchemaRead }
	if _, err := w.Schema(ctx, w.machine, product.Query{ProductID: "open"}); err == nil || len(w.driver.ran()) != 0 {
		t.Errorf("read without a record: %v, %v", err, w.driver.ran())
	}
}

func TestAWarehouseThatSaysThePasswordIsNotQuoted(t *testing.T) {
	w := newWorld(t)
	w.driver.open = func(l warehouse.Login) error {
		return fault.New(fault.Rejected, "login failed for reader with %s", l.Password.Reveal())
	}
	cred := w.store(t, w.machine, "shop", "prod")
	w.driver.open = nil
	if _, err := w.TestCredential(ctx, w.machine, cred.ID); err != nil {
		t.Fatal(err)
	}
	w.driver.query = func(context.Context, string) (result.Rows, error) {
		return nil, fmt.Errorf("connect postgres://reader:%s@db: %w", password, fault.New(fault.Rejected, "no route for %s", password))
	}
	_, err := w.read(w.machine, product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"})
	rows, aerr := w.db.AuditRows(ctx, "test", 0, 1000)
	if err == nil || aerr != nil || len(rows) == 0 {
		t.Fatal(err, aerr)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %+v", err, err, err, cred.Reason, cred)
	for _, r := range rows {
		shown += string(r.Body)
	}
	if strings.Contains(shown, password) {
		t.Errorf("the password shows: %s", shown)
	}
	if !strings.Contains(cred.Reason, "[redacted]") {
		t.Errorf("reason %q", cred.Reason)
	}
}
