package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/driver"
	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/conformance/smpplab"
	"github.com/anysms/anysms/drivers/rest"
)

// provenDrivers are the drivers of the table, with settings that the suite can find
// in errors.
var provenDrivers = []struct{ name, settings string }{
	// Its inbox and verification codes need a program that fills them: see its own test.
	{"memory", `{"callback_secret":"s3cret-of-the-callbacks","price":{"amount":"0.05","currency":"EUR"},"balance":{"amount":"1000","currency":"EUR"},
		"features":["status","find","cancel","balance","quote","check","schedule","validity","choose_sender","callbacks"]}`},
	{"apifon", `{"token":"t0ken-of-the-account","secret":"s3cr3t-Key/For+Tests","callback_secret":"h00k-s3cr3t","sender":"Example"}`},
	{"phonify", `{"api_key":"pk_k3y-of-the-account","own_numbers":["+14560009999"]}`},
	{"zoomconnect", `{"email":"user@shop.example","token":"11111111-2222-3333-4444-555555555555","callback_secret":"h00k-s3cr3t"}`},
	{"smpp", `{"address":"{{url}}","system_id":"esme","password":"s3cret-pass","times":"absolute","schedule":true,"query":true,"cancel":true,
		"status_codes":{"0x0400-0x04ff":"no_route"}}`},
}

// labs are the transports of the drivers that do not make HTTP requests.
var labs = map[string]conformance.Lab{"smpp": smpplab.New()}

// TestConformanceTable runs the suite for the drivers and compares the table with the
// results.
func TestConformanceTable(t *testing.T) {
	if testing.Short() {
		t.Skip("each driver's own tests run the suite")
	}
	atRoot(t)
	var reports []conformance.Report
	for _, d := range provenDrivers {
		found, err := cli.Registry().Driver(d.name)
		require.NoError(t, err)
		h, err := conformance.ForDriver(found, json.RawMessage(d.settings))
		require.NoError(t, err)
		h.Lab, h.Replies = labs[d.name], os.DirFS("drivers/"+d.name+"/testdata/conformance")
		reports = append(reports, named(conformance.Check(t.Context(), h), d.name))
	}
	recipe, err := rest.Load("transmitsms")
	require.NoError(t, err)
	h, err := driver.RecipeHarness(recipe)
	require.NoError(t, err)
	reports = append(reports, named(conformance.Check(t.Context(), h), "rest, recipe transmitsms"))

	for _, r := range reports {
		require.NoError(t, r.Err(), r.Name)
	}
	var table strings.Builder
	require.NoError(t, conformance.WriteTable(&table, reports...))
	documentBlock(t, "docs/conformance.md", "conformance", "<!-- end -->", func(string) string { return table.String() })
}

func named(r conformance.Report, name string) conformance.Report {
	r.Name = name
	return r
}
