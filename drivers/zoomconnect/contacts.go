package zoomconnect

import (
	"context"
	"iter"
	"net/http"

	"github.com/anysms/anysms/provider/httpcall"
)

// Contact is a person in the account's address book.
type Contact struct {
	ContactID     ID     `json:"contactId,omitempty"`
	ContactNumber string `json:"contactNumber"`
	FirstName     string `json:"firstName"`
	LastName      string `json:"lastName"`
	Title         string `json:"title"`
}

// Contacts iterates over all contacts. (GET contacts/all)
func (c *Client) Contacts(ctx context.Context) iter.Seq2[Contact, error] {
	return walk[Contact](ctx, c, "/contacts/all", "webServiceContacts")
}

// CreateContact creates a contact and returns it with its id. (POST
// contacts/create)
func (c *Client) CreateContact(ctx context.Context, contact Contact) (*Contact, error) {
	contact.ContactID = ""
	return readContact(c.request(ctx, http.MethodPost, "/contacts/create", contact))
}

// Contact returns a contact. (GET contacts/{contactId})
func (c *Client) Contact(ctx context.Context, id ID) (*Contact, error) {
	path, err := address("/contacts/{}", string(id))
	if err != nil {
		return nil, err
	}
	return readContact(c.get(ctx, path, nil))
}

// UpdateContact changes the contact with the id. (POST contacts/{contactId})
func (c *Client) UpdateContact(ctx context.Context, contact Contact) (*Contact, error) {
	path, err := address("/contacts/{}", string(contact.ContactID))
	if err != nil {
		return nil, err
	}
	return readContact(c.request(ctx, http.MethodPost, path, contact))
}

// DeleteContact deletes a contact. (DELETE contacts/{contactId})
func (c *Client) DeleteContact(ctx context.Context, id ID) error {
	return c.act(ctx, http.MethodDelete, "/contacts/{}", string(id))
}

// AddContactToGroup adds a contact to a group. (POST
// contacts/{contactId}/addToGroup/{groupId})
func (c *Client) AddContactToGroup(ctx context.Context, contact, group ID) error {
	return c.act(ctx, http.MethodPost, "/contacts/{}/addToGroup/{}", string(contact), string(group))
}

// RemoveContactFromGroup removes a contact from a group; the vendor calls it
// addFromGroup. (POST contacts/{contactId}/addFromGroup/{groupId})
func (c *Client) RemoveContactFromGroup(ctx context.Context, contact, group ID) error {
	return c.act(ctx, http.MethodPost, "/contacts/{}/addFromGroup/{}", string(contact), string(group))
}

func readContact(resp *httpcall.Response, err error) (*Contact, error) {
	if err != nil {
		return nil, err
	}
	var contact Contact
	if err := resp.Decode(&contact); err != nil || contact.ContactID == "" {
		return nil, resp.Indeterminate(errNotDocumented)
	}
	return &contact, nil
}
