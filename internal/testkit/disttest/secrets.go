package disttest

import (
	"hash/crc32"
	"strings"
)

// GitHubToken returns a token in the form of GitHub's, with its checksum. It was never anybody's.
func GitHubToken() string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	random := strings.Repeat("a1B2c3", 5)
	sum := []byte("000000")
	for i, n := len(sum)-1, crc32.ChecksumIEEE([]byte(random)); i >= 0; i, n = i-1, n/62 {
		sum[i] = digits[n%62]
	}
	return "ghp_" + random + string(sum)
}
