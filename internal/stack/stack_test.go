package stack_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/postern/postern/internal/stack"
)

func TestWhatWorksApartGivesWhatItGives(t *testing.T) {
	wrong := errors.New("wrong")
	if n, err := stack.Apart(func() (int, error) { return 7, wrong }); n != 7 || !errors.Is(err, wrong) {
		t.Errorf("%d, %v", n, err)
	}
}

func TestAPanicApartIsAnErrorThatSaysWhere(t *testing.T) {
	var none map[string]int
	_, err := stack.Apart(func() (int, error) { none["a"] = 1; return 0, nil })
	if err == nil || !strings.Contains(err.Error(), "nil map") || !strings.Contains(err.Error(), "stack_test.go") {
		t.Errorf("%v", err)
	}
	_, err = stack.Apart(func() (int, error) { panic("postgres://u:canary@host") })
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "a string") {
		t.Errorf("%v", err)
	}
}
