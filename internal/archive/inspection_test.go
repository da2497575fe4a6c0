package archive_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// inspected is an inspection that keeps what it gets, and asks for parts of it once more.
type inspected struct {
	asks   []int64  // how much is asked for, and when
	got    []string // in each round
	closed bool
}

func (i *inspected) Write(p []byte) (int, error) {
	if len(i.got) == 0 {
		i.got = []string{""}
	}
	i.got[len(i.got)-1] += string(p)
	return len(p), nil
}

func (i *inspected) Again() (n int64) {
	if len(i.asks) == 0 {
		return 0
	}
	n, i.asks, i.got = i.asks[0], i.asks[1:], append(i.got, "")
	return n
}

func (i *inspected) Close() { i.closed = true }

// TestInspection_Again: an inspection gets the beginning of a member once more, however it is packed and read, as long as the budget lasts;
// it is not asked if the member is damaged. Nothing else changes by that.
func TestInspection_Again(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("0123456789", 20_000)
	for _, deflated := range []bool{true, false} {
		members := []disttest.Member{
			{Name: "x.py", Content: "x = 1\n", Deflated: deflated},
			{Name: "big", Content: content, Deflated: deflated},
			{Name: "last", Content: "the end", Deflated: deflated},
		}
		data := disttest.Zip(members...)
		damaged := bytes.Clone(data)
		damaged[bytes.LastIndex(damaged, []byte("big"))-46+16] ^= 1 // its checksum in the directory
		for name, c := range map[string]struct {
			data   []byte
			budget int64
			want   []int
		}{
			"enough":                        {data, 1 << 20, []int{200_000, 150_000, 10}},
			"none left for the second time": {data, 6 + 200_000 + 150_000 + 7, []int{200_000, 150_000, 0}},
			"damaged":                       {damaged, 1 << 20, []int{200_000}},
		} {
			for _, streamed := range []bool{true, false} {
				big := &inspected{asks: []int64{150_000, 10}}
				selection := archive.Selection{
					Keep: none, Budget: archive.NewBudget(c.budget), Inspect: func(member string) archive.Inspection {
						if member == "big" {
							return big
						}
						return &inspected{}
					},
				}
				if streamed {
					selection.Stream = bytes.NewReader(c.data)
				}
				facts := read(t, c.data, selection)
				if wrong := facts.HasAnomaly(archive.AnomalyUnusable) != nil; wrong != (name == "damaged") || facts.Broken != nil {
					t.Errorf("%s: %+v", name, facts)
				}
				expect.Equal(t, name+": is closed", big.closed, true)
				expect.Equal(t, name+": rounds", len(big.got), len(c.want))
				for i := range min(len(big.got), len(c.want)) {
					expect.Equal(t, name+": content", big.got[i] == content[:c.want[i]], true)
				}
			}
		}
	}
}
