"""One cloud-masked picture a period."""
