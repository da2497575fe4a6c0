//go:build !long

package fakepypi_test

// long has tests take as many rounds as CI does.
const long = false
