package main

import (
	"debug/buildinfo"
	"runtime/debug"
	"slices"
	"strings"
)

// The bill of materials is CycloneDX 1.5, made of what the linker wrote into the program itself: what is listed is what is inside,
// with the checksums that Go verified when it built. It has no date and no random number, so that the same program has the same one.

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

// billOf reads the bill of materials out of a program. The modules are those of every platform's program that is given, since one
// bill describes the whole image.
func billOf(version string, programs ...string) (bill, error) {
	modules := map[string]*debug.Module{}
	var info *buildinfo.BuildInfo
	for _, program := range programs {
		var err error
		if info, err = buildinfo.ReadFile(program); err != nil {
			return bill{}, err
		}
		for _, module := range info.Deps {
			if module, others := linked(module); others {
				modules[module.Path+"@"+module.Version] = module
			}
		}
	}
	b := bill{Format: "CycloneDX", Spec: "1.5", Version: 1}
	b.Metadata.Component = goModule("application", info.Main.Path, version, "")
	toolchain := strings.TrimPrefix(info.GoVersion, "go")
	b.Components = []component{
		{Type: "library", Ref: "pkg:golang/std@" + toolchain, Name: "std", Version: toolchain, PURL: "pkg:golang/std@" + toolchain},
	}
	for _, module := range modules {
		b.Components = append(b.Components, goModule("library", module.Path, module.Version, module.Sum))
	}
	slices.SortFunc(b.Components, func(a, b component) int { return strings.Compare(a.Ref, b.Ref) })
	used := dependency{Ref: b.Metadata.Component.Ref}
	for _, c := range b.Components {
		used.DependsOn = append(used.DependsOn, c.Ref)
	}
	b.Dependencies = []dependency{used}
	return b, nil
}

// linked returns the module that is in the program for one that is required. It is not of others if go.mod replaces that by a folder of the
// program's own source.
func linked(module *debug.Module) (in *debug.Module, others bool) {
	for module.Replace != nil {
		module = module.Replace
	}
	return module, !strings.HasPrefix(module.Path, "./")
}

// goModule is a module as a component. The address of a package has its path in lower case, by the type golang of that specification.
func goModule(kind, path, version, sum string) component {
	address := "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
	c := component{Type: kind, Ref: address, Name: path, Version: version, PURL: address}
	if sum != "" {
		c.Properties = []property{{"cdx:gomod:h1", sum}}
	}
	return c
}
