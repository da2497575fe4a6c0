package archive_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive"
)

// copied is an inspection that keeps the content.
type copied struct{ bytes.Buffer }

// Again returns 0.
func (*copied) Again() int64 { return 0 }

// Close does nothing.
func (*copied) Close() {}

// started begins a function in a goroutine, or calls it; its end is an error if failing.
func started(concurrent bool, failing error) func(func()) func() error {
	return func(do func()) func() error {
		if !concurrent {
			do()
			return func() error { return failing }
		}
		ended := make(chan error, 1)
		go func() {
			do()
			ended <- failing
		}()
		return func() error { return <-ended }
	}
}

// TestReadZip_Start: what is found in large members is the same if they are unpacked while they are looked at, also in damaged ones.
func TestReadZip_Start(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("What is unpacked ahead is looked at afterwards. ", 20_000)
	data := zipOf(member{"a.txt", large}, member{"b.txt", "small"}, member{"c.txt", large[:400_000]})
	damaged := bytes.Clone(data)
	damaged[len(data)/5] ^= 0xff
	for name, data := range map[string][]byte{"whole": data, "damaged": damaged} {
		readWith := func(start func(func()) func() error) (archive.Facts, map[string]string, error) {
			members := map[string]*copied{}
			facts, err := archive.ReadZip(bytes.NewReader(data), int64(len(data)), archive.Selection{
				Keep: none, Budget: archive.NewBudget(1 << 30), Stream: bytes.NewReader(data), Start: start,
				Inspect: func(member string) archive.Inspection {
					members[member] = &copied{}
					return members[member]
				},
			})
			contents := map[string]string{}
			for member, content := range members {
				contents[member] = content.String()
			}
			facts.Names = nil // has a seed
			return facts, contents, err
		}
		want, wantContents, err := readWith(nil)
		if err != nil {
			t.Fatal(err)
		}
		if (len(want.Anomalies) > 0) != (name == "damaged") {
			t.Errorf("%s: %v", name, want.Anomalies)
		}
		for _, concurrent := range []bool{false, true} {
			got, contents, err := readWith(started(concurrent, nil))
			if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(contents, wantContents) {
				t.Errorf("%s, concurrently %v: %v and other facts or contents: %v, want %v", name, concurrent, err, got, want)
			}
		}
	}
	failure := errors.New("no core")
	if _, err := archive.ReadZip(bytes.NewReader(data), int64(len(data)), archive.Selection{
		Keep: none, Budget: archive.NewBudget(1 << 30), Start: started(true, failure),
	}); !errors.Is(err, failure) {
		t.Errorf("the error is %v", err)
	}
}
