package sigstore

import (
	"encoding/base64"
	"fmt"
)

// origin returns the name of the log and its shard, in the form of the public log. The name is the host of the trusted root's baseUrl,
// which sigstore-js and sigstore-java require of the signature.
func (s *Sigstore) origin() string { return fmt.Sprintf("%s - %d", s.logName, s.treeID()) }

// checkpoint returns a signed note of the tree's size and root. In the note, the signature comes after the first four bytes of the log's
// id.
func (s *Sigstore) checkpoint(size int, root hash) (string, error) {
	note := fmt.Sprintf("%s\n%d\n%s\n", s.origin(), size, base64.StdEncoding.EncodeToString(root[:]))
	signature, err := s.rekor.sign([]byte(note), false)
	if err != nil {
		return "", err
	}
	hint := append([]byte{}, s.rekor.id[:4]...)
	return fmt.Sprintf("%s\n\u2014 %s %s\n", note, s.logName, base64.StdEncoding.EncodeToString(append(hint, signature...))), nil
}
