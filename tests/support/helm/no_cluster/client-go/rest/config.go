// Package rest says where a cluster is.
package rest

// Config is never given.
type Config struct{}
