package par_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// TestPanic_Message: it says where the program failed and how, and never the value of a panic, which may have a secret in any form.
func TestPanic_Message(t *testing.T) {
	t.Parallel()
	const secret = "pypi-AgEIcHlwaS5vcmc"
	type held struct{ Token []byte }
	var none map[string]int
	index := 3
	for name, c := range map[string]struct {
		fail func()
		want string // of what stands in the brackets
	}{
		"an error of the runtime": {func() { none["a"] = index }, `assignment to entry in nil map at internal/par/panic_test\.go:\d+`},
		"an index": {
			func() { _ = []int{1}[index] }, `runtime error: index out of range \[3\] with length 1 at internal/par/panic_test\.go:\d+`,
		},
		"a text": {
			func() { panic("the token " + secret + " is short") }, `panic of type string at internal/par/panic_test\.go:\d+`,
		},
		"a quoted text": {func() { panic(fmt.Sprintf("%x", secret)) }, `panic of type string at internal/par/panic_test\.go:\d+`},
		"an error": {
			func() { panic(errors.New(secret)) }, `panic of type \*errors\.errorString at internal/par/panic_test\.go:\d+`,
		},
		"a structure": {
			func() { panic(held{[]byte(secret)}) }, `panic of type par_test\.held at internal/par/panic_test\.go:\d+`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := par.Catch(func() error {
				c.fail()
				return nil
			})
			want := regexp.MustCompile(`^the program failed \(` + c.want + `\): this is a defect, please report it with the log$`)
			if err == nil || !want.MatchString(err.Error()) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}
