//go:build !linux

package testmain

// inMemory returns nothing: there is no common place of files in memory.
func inMemory() string { return "" }
