package config_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/config"
)

// A program usually calls Load with a path. Read takes the same from a stream.
func ExampleRead() {
	const file = `
providers:
  athens: {driver: memory, rate_limit: 20}
  usa:    {driver: memory}
router:
  default_region: GR
  routes:
    - {name: greece, match: {countries: [GR]}, providers: [athens, usa]}
    - {name: others, providers: [usa]}
`
	drivers := new(provider.Registry)
	if err := drivers.Add(memory.Driver); err != nil {
		fmt.Println(err)
		return
	}
	c, err := config.Read(context.Background(), strings.NewReader(file), "anysms.yaml", ".", drivers, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	result, err := c.Router().Send(context.Background(), &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your parcel is here."})
	fmt.Println(result.Status, result.Provider, err)
	// Output: accepted usa <nil>
}

// A mistake names the file, the line and the setting, and says what would be
// right.
func ExampleError() {
	const file = `
providers:
  athens: {driver: memory}
router:
  delivery: twice
`
	drivers := new(provider.Registry)
	if err := drivers.Add(memory.Driver); err != nil {
		fmt.Println(err)
		return
	}
	_, err := config.Read(context.Background(), strings.NewReader(file), "anysms.yaml", ".", drivers, nil)
	fmt.Println(err)
	if wrong, ok := errors.AsType[*config.Error](err); ok {
		fmt.Println(wrong.Line, wrong.Path)
	}
	// Output:
	// anysms.yaml:5: router.delivery: "twice"; want at_most_once, reconcile or at_least_once
	// 5 router.delivery
}
