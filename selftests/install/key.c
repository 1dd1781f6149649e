// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: key KEY CERT
 *
 * Writes a new key (PEM) and its certificate (DER), such as dkms makes for secure boot.
 */
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define LIFETIME_S	(24 * 60 * 60)

static X509 *certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), LIFETIME_S);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"dmabuf-sync test key", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	return X509_sign(cert, key, EVP_sha256()) ? cert : NULL;
}

int main(int argc, char **argv)
{
	FILE *key_file, *cert_file;
	EVP_PKEY *key;
	X509 *cert;

	if (argc != 3) {
		fputs("usage: key KEY CERT\n", stderr);
		return 2;
	}
	key_file = fopen(argv[1], "w");
	cert_file = fopen(argv[2], "w");
	if (!key_file || !cert_file) {
		perror("key");
		return 1;
	}
	key = EVP_EC_gen("P-256");
	cert = key ? certificate(key) : NULL;
	if (!cert || !PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) ||
	    !i2d_X509_fp(cert_file, cert)) {
		fputs("key: libcrypto cannot make it\n", stderr);
		return 1;
	}
	return fclose(key_file) || fclose(cert_file);
}
