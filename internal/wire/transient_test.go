package wire

import "testing"

// TestTransient: a status that is worth another try is never taken for a final refusal.
func TestTransient(t *testing.T) {
	t.Parallel()
	for _, status := range transient() {
		if !(&Answer{Status: status}).Temporary() {
			t.Errorf("%d is tried again, and counts as final", status)
		}
	}
}
