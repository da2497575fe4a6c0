// Package govalidator has what Rekor's libraries import of the module of this name: one function, which no program calls that only
// verifies. The module itself compiles 60 patterns before main.
package govalidator

import "net/mail"

// IsEmail reports whether a text is the address of a mailbox, and nothing else.
func IsEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}
