// Stands in the program for the module of this name: see docs/dependencies.md.
module github.com/asaskevich/govalidator

go 1.26.0
