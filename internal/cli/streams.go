package cli

import "os"

// TakeStreams returns the standard streams, and leaves others that lead nowhere in their place. Libraries that print by themselves would
// pass by the one sink, where everything is redacted and cleaned.
func TakeStreams(stdout, stderr **os.File) (out, diagnostics *os.File) {
	out, diagnostics = *stdout, *stderr
	nowhere, err := os.Create(os.DevNull)
	if err != nil {
		nowhere = nil // every write to it fails
	}
	*stdout, *stderr = nowhere, nowhere
	return out, diagnostics
}
