//go:build !profile

package main

func run(main func() int) int { return main() }
