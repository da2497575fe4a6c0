package distfile_test

import (
	"debug/elf"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/native"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestRead_Native: the native code of a wheel is noted, once for all that say the same, by its contents: a name alone is nothing. That of
// tests is left out, as is that of an sdist.
func TestRead_Native(t *testing.T) {
	t.Parallel()
	library := disttest.ELF(elf.EM_X86_64, 0, "GLIBC_2.17")
	members := disttest.Pairs(
		[2]string{"alder/_a.cpython-312-x86_64-linux-gnu.so", library},
		[2]string{"alder/_b.cpython-312-x86_64-linux-gnu.so", library},
		[2]string{"alder/lib.so", disttest.LateELF(elf.EM_X86_64, 200_000, "GLIBC_2.34")},
		[2]string{"alder/tests/lib.so", library},
		[2]string{"alder/no.so", "no code"},
		[2]string{"alder/x86_64/program", library},
	)
	for i := range members {
		members[i].Deflated = i%2 == 0
	}
	d := read(t, disttest.Save(t, filepath.Join(t.TempDir(), "alder-1.0-cp312-cp312-linux_x86_64.whl"), disttest.Zip(
		disttest.WheelMembers("alder", "1.0", disttest.Metadata("alder", "1.0"), members...)...)))
	var got []string
	for _, n := range d.Native {
		got = append(got, fmt.Sprintf("%s +%d %v %q %t %t %t", n.Member, n.More, n.Binary, n.ABI, n.Library, n.Named, n.Launcher))
	}
	binary := func(minor int) (b native.Binary) {
		b.Format, b.Parts[0].Machine, b.Glibc = native.ELF, native.X8664, native.Version{Major: 2, Minor: minor}
		return b
	}
	want := []string{
		fmt.Sprintf(`alder/_a.cpython-312-x86_64-linux-gnu.so +1 %v "cp312" true true false`, binary(17)),
		fmt.Sprintf(`alder/lib.so +0 %v "" true false false`, binary(34)),
		fmt.Sprintf(`alder/x86_64/program +0 %v "" false true false`, binary(17)),
	}
	expect.Equal(t, "native code", fmt.Sprint(got), fmt.Sprint(want))
	sdist := read(t, disttest.Save(t, filepath.Join(t.TempDir(), "alder-1.0.tar.gz"), disttest.TarGz(
		disttest.Member{Name: "alder-1.0/PKG-INFO", Content: disttest.Metadata("alder", "1.0")},
		disttest.Member{Name: "alder-1.0/lib.so", Content: library},
	)))
	expect.Equal(t, "native code of an sdist", len(sdist.Native), 0)
}

// TestRead_ManyNative: of a wheel whose members all say something else, a part is noted.
func TestRead_ManyNative(t *testing.T) {
	t.Parallel()
	var members []disttest.Member
	for n := range 99 {
		members = append(members, disttest.Member{
			Name: fmt.Sprintf("alder/_%d.so", n), Content: disttest.ELF(elf.EM_X86_64, 0, fmt.Sprintf("GLIBC_2.%d", n+1)),
		})
	}
	d := read(t, disttest.Save(t, filepath.Join(t.TempDir(), "alder-1.0-cp312-cp312-linux_x86_64.whl"), disttest.Zip(
		disttest.WheelMembers("alder", "1.0", disttest.Metadata("alder", "1.0"), members...)...)))
	expect.Equal(t, "facts", len(d.Native), distfile.MostNative)
}
