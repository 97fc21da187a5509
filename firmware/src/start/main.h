/* What start-up hands over to: readies everything, then serves the host for good. */
#ifndef MAIN_H
#define MAIN_H

int main(void);

#endif
