"""What stages run: models and the transforms that belong to them."""
