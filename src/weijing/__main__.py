from weijing.cli import main

main()
