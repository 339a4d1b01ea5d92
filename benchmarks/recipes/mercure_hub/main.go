// The Mercure hub on its own HTTP server and its fastest transport, which keeps no history.
//
//	mercure_hub ADDRESS PUBLISHER_KEY
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/dunglas/mercure"
	"go.uber.org/zap"
)

func main() {
	hub, err := mercure.NewHub(
		mercure.WithAnonymous(),
		mercure.WithPublisherJWT([]byte(os.Args[2]), "HS256"),
		mercure.WithTransport(mercure.NewLocalTransport()),
		mercure.WithLogger(zap.NewNop()), // a log line per subscriber is not what is measured
	)
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/.well-known/mercure", hub)
	http.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
