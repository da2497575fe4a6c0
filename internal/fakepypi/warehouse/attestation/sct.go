package attestation

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
)

// The signed certificate timestamp (SCT) that a certificate transparency log has put into a certificate (RFC 6962 sections 3.2 and 3.3).

// isSCT reports whether id is that of the extension with the timestamps.
func isSCT(id asn1.ObjectIdentifier) bool {
	return id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2})
}

// sct is one signed certificate timestamp.
type sct struct {
	logID, moment, extensions, algorithm, signature []byte
}

var errSCT = errors.New("the signed certificate timestamp cannot be read")

// verifySCT returns an error unless a log in the ring has signed a timestamp for the certificate. issuer is the certificate that signed
// it.
func verifySCT(c, issuer *x509.Certificate, logs keyring) error {
	stamp, err := sctOf(c)
	if err != nil {
		return err
	}
	if string(stamp.algorithm) != "\x04\x03" {
		return VerificationError("Found unexpected hash algorithm in SCT: only SHA256 is supported")
	}
	tbs, err := withoutSCT(c.RawTBSCertificate)
	if err != nil {
		return err
	}
	key := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	data := append([]byte{0, 0}, stamp.moment...)
	data = append(data, 0, 1)
	data = append(data, key[:]...)
	data = append(data, byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs)))
	data = append(data, tbs...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(stamp.extensions))) // its length was in two bytes
	data = append(data, stamp.extensions...)
	if err := logs.verify(stamp.logID, stamp.signature, data); err != nil {
		return VerificationError("SCT verify failed: " + err.Error())
	}
	return nil
}

// sctOf returns the timestamp in a certificate. There must be exactly one.
func sctOf(c *x509.Certificate) (sct, error) {
	for _, e := range c.Extensions {
		if !isSCT(e.Id) {
			continue
		}
		var octets []byte
		if rest, err := asn1.Unmarshal(e.Value, &octets); err != nil || len(rest) > 0 {
			return sct{}, errSCT
		}
		list, rest, ok := sized(octets)
		one, others, ok2 := sized(list)
		if !ok || !ok2 || len(rest) > 0 {
			return sct{}, errSCT
		}
		if len(others) > 0 {
			return sct{}, VerificationError("Expected one certificate timestamp")
		}
		return parseSCT(one)
	}
	return sct{}, VerificationError("No PrecertificateSignedCertificateTimestamps found for the certificate")
}

// sized splits b after a value with its length in two bytes before it. ok is false if b is too short.
func sized(b []byte) (inner, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+n {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}

// parseSCT returns the timestamp in b (RFC 6962 section 3.2).
func parseSCT(b []byte) (sct, error) {
	const head = 1 + 32 + 8 // version, log id, time
	if len(b) < head || b[0] != 0 {
		return sct{}, errSCT
	}
	s := sct{logID: b[1:33], moment: b[33:head]}
	var ok bool
	if s.extensions, b, ok = sized(b[head:]); !ok || len(b) < 2 {
		return sct{}, errSCT
	}
	s.algorithm = b[:2]
	var rest []byte
	if s.signature, rest, ok = sized(b[2:]); !ok || len(rest) > 0 {
		return sct{}, errSCT
	}
	return s, nil
}

// withoutSCT returns what the log has signed: the certificate's contents without the extension with the timestamp.
func withoutSCT(tbs []byte) ([]byte, error) {
	var whole asn1.RawValue
	if _, err := asn1.Unmarshal(tbs, &whole); err != nil {
		return nil, err
	}
	var remaining []byte
	for rest := whole.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			return nil, err
		}
		if part.Class == asn1.ClassContextSpecific && part.Tag == 3 {
			if part.FullBytes, err = extensionsWithoutSCT(part.Bytes); err != nil {
				return nil, err
			}
		}
		remaining = append(remaining, part.FullBytes...)
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: remaining})
}

// extensionsWithoutSCT returns the explicitly tagged sequence of extensions without the timestamp.
func extensionsWithoutSCT(tagged []byte) ([]byte, error) {
	var list []asn1.RawValue
	if _, err := asn1.Unmarshal(tagged, &list); err != nil {
		return nil, err
	}
	var remaining []byte
	for _, one := range list {
		var id asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(one.Bytes, &id); err != nil {
			return nil, err
		}
		if !isSCT(id) {
			remaining = append(remaining, one.FullBytes...)
		}
	}
	sequence, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: remaining})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 3, IsCompound: true, Bytes: sequence})
}
