"""What WeCom says about contacts, copied into rows of our own."""
