package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// The formats are those of the OCI image specification 1.1: config, manifest, index and layout.

const (
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
)

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type descriptor struct {
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int64     `json:"size"`
	Platform  *platform `json:"platform,omitempty"`
}

type execution struct {
	Entrypoint []string          `json:"Entrypoint"`
	Labels     map[string]string `json:"Labels"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type step struct {
	Created   time.Time `json:"created"`
	CreatedBy string    `json:"created_by"`
}

type config struct {
	Created      time.Time `json:"created"`
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       execution `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
	History      []step    `json:"history"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        *descriptor       `json:"config,omitempty"`
	Layers        []descriptor      `json:"layers,omitempty"`
	Manifests     []descriptor      `json:"manifests,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// layout is a folder in the form of the OCI image layout.
type layout struct{ folder string }

func newLayout(folder string) (layout, error) {
	blobs := filepath.Join(folder, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return layout{}, err
	}
	return layout{folder}, os.WriteFile(filepath.Join(folder, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (l layout) blob(mediaType string, content []byte) (descriptor, error) {
	d := descriptor{MediaType: mediaType, Digest: digest(content), Size: int64(len(content))}
	return d, os.WriteFile(filepath.Join(l.folder, "blobs", "sha256", d.Digest[len("sha256:"):]), content, 0o644)
}

func (l layout) document(mediaType string, value any) (descriptor, error) {
	content, err := json.Marshal(value) // the keys of maps are sorted
	if err != nil {
		return descriptor{}, err
	}
	return l.blob(mediaType, content)
}

// refer makes the layout name one index or image.
func (l layout) refer(to descriptor) error {
	content, err := json.Marshal(manifest{SchemaVersion: 2, MediaType: indexType, Manifests: []descriptor{to}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.folder, "index.json"), content, 0o644)
}

// content is what the file system of the image holds.
type content struct {
	name    string // of the program
	program []byte
	notices []byte // the terms of what is in the program, which ask to go with it
}

// layer is the file system of the image: the program, its notices, and a folder for temporary files, which a rehearsal needs. The
// second value is the digest of the archive before compression.
func layer(c content, at time.Time) (compressed []byte, diffID string, err error) {
	var plain, packed bytes.Buffer
	files := tar.NewWriter(&plain)
	for _, entry := range []struct {
		tar.Header
		bytes []byte
	}{
		{tar.Header{Typeflag: tar.TypeReg, Name: c.name, Mode: 0o755}, c.program},
		{tar.Header{Typeflag: tar.TypeReg, Name: "THIRD_PARTY_NOTICES.txt", Mode: 0o644}, c.notices},
		{tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}, nil},
	} {
		entry.Size, entry.ModTime, entry.Format = int64(len(entry.bytes)), at, tar.FormatUSTAR
		if err := files.WriteHeader(&entry.Header); err != nil {
			return nil, "", err
		}
		if _, err := files.Write(entry.bytes); err != nil {
			return nil, "", err
		}
	}
	if err := files.Close(); err != nil {
		return nil, "", err
	}
	smaller, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, "", err
	}
	if _, err := smaller.Write(plain.Bytes()); err != nil {
		return nil, "", err
	}
	if err := smaller.Close(); err != nil {
		return nil, "", err
	}
	return packed.Bytes(), digest(plain.Bytes()), nil
}
