// A server on the Centrifuge library, the engine of Centrifugo, with that server's defaults: JSON
// protocol, no compression, a ping every 25 s, history and recovery on.
//
//	centrifuge_hub ADDRESS [REDIS_ADDRESS]
package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/centrifugal/centrifuge"
)

// What our journal keeps, too.
const (
	historySize = 1000
	historyTTL  = time.Hour
)

type taskKey struct{}

// A client follows the task that its URL names; a position in its connect command recovers from there.
func follow(ctx context.Context, _ centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	task, _ := ctx.Value(taskKey{}).(string)
	return centrifuge.ConnectReply{
		Subscriptions: map[string]centrifuge.SubscribeOptions{task: {EnableRecovery: true}},
	}, nil
}

func authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := centrifuge.SetCredentials(r.Context(), &centrifuge.Credentials{})
		ctx = context.WithValue(ctx, taskKey{}, r.URL.Query().Get("task"))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func publish(node *centrifuge.Node) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = node.Publish(r.URL.Query().Get("task"), body, centrifuge.WithHistory(historySize, historyTTL))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func useRedis(node *centrifuge.Node, address string) error {
	shard, err := centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: address})
	if err != nil {
		return err
	}
	broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{
		Shards: []*centrifuge.RedisShard{shard},
	})
	if err != nil {
		return err
	}
	node.SetBroker(broker)
	return nil
}

func main() {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if len(os.Args) > 2 {
		if err := useRedis(node, os.Args[2]); err != nil {
			log.Fatal(err)
		}
	}
	node.OnConnecting(follow)
	node.OnConnect(func(*centrifuge.Client) {})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	http.Handle("/connection/websocket", authenticate(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		UseWriteBufferPool: true,
	})))
	http.Handle("/connection/sse", authenticate(centrifuge.NewSSEHandler(node, centrifuge.SSEConfig{})))
	http.HandleFunc("/publish", publish(node))
	http.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
