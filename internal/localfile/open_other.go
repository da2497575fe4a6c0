//go:build !unix

package localfile

// nonblocking is no flag: files of other systems have none that is needed.
const nonblocking = 0
