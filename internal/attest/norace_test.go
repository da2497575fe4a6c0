//go:build !race

package attest

const raced = false
