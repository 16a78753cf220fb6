package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/postern/postern/internal/fault"
)

func TestAnUnclassifiedErrorIsInternal(t *testing.T) {
	if k := fault.KindOf(errors.New("disk on fire")); k != fault.Internal {
		t.Fatalf("got %v", k)
	}
}

func TestKindSurvivesWrapping(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("open credential 7: %w", fault.Because(cause, fault.NotFound, "no such credential"))
	if !fault.Is(err, fault.NotFound) || !errors.Is(err, cause) {
		t.Fatalf("kind or cause lost: %v", err)
	}
	if got := fault.As(err).Message; got != "no such credential" {
		t.Fatalf("message for the caller = %q", got)
	}
}

func TestBadFieldNamesTheField(t *testing.T) {
	e := fault.BadField("product.version", "semver", "must be like 1.0.0")
	if len(e.Fields) != 1 || fmt.Sprint(e.Fields[0].Loc) != "[body product version]" {
		t.Fatalf("got %+v", e.Fields)
	}
}
