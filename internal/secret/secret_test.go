package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/postern/postern/internal/secret"
)

const canary = "hunter2-canary"

type outer struct {
	Exported secret.Secret
	hidden   secret.Secret
	m        map[string]secret.Secret
	s        []secret.Secret
	p        *secret.Secret
}

func TestSecretIsNeverPrinted(t *testing.T) {
	x := secret.New(canary)
	shapes := []any{
		x, &x, []secret.Secret{x}, map[string]secret.Secret{"k": x}, [1]secret.Secret{x},
		outer{x, x, map[string]secret.Secret{"k": x}, []secret.Secret{x}, &x},
		&outer{x, x, map[string]secret.Secret{"k": x}, []secret.Secret{x}, &x},
	}
	for _, v := range shapes {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, canary) || strings.Contains(got, fmt.Sprintf("%x", canary)) {
				t.Errorf("%s of %T prints the secret: %s", verb, v, got)
			}
		}
		if b, err := json.Marshal(v); err != nil || bytes.Contains(b, []byte(canary)) {
			t.Errorf("json of %T: %s %v", v, b, err)
		}
		var buf bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
			slog.New(h).Info("m", "v", v)
		}
		if strings.Contains(buf.String(), canary) {
			t.Errorf("slog of %T prints the secret: %s", v, buf.String())
		}
	}
}

func TestSecretReadsFromJSONWithoutEchoingBadInput(t *testing.T) {
	var in struct{ Password secret.Secret }
	if err := json.Unmarshal([]byte(`{"Password":"`+canary+`"}`), &in); err != nil || in.Password.Reveal() != canary {
		t.Fatalf("got %q, %v", in.Password.Reveal(), err)
	}
	err := json.Unmarshal([]byte(`{"Password":["`+canary+`"]}`), &in)
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Fatalf("want an error without the value, got %v", err)
	}
}
